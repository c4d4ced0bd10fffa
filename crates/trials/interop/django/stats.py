"""Counts what the token endpoint answered, per client, grant type and outcome."""

import base64
import json
import threading
from collections import Counter
from urllib.parse import unquote_plus

_lock = threading.Lock()
_exchanges = Counter()


def middleware(get_response):
    def count(request):
        response = get_response(request)
        if request.path == "/o/token/":
            row = (client_of(request), request.POST.get("grant_type"), outcome_of(response))
            with _lock:
                _exchanges[row] += 1
        return response

    return count


def rows():
    with _lock:
        counted = list(_exchanges.items())
    names = ("client_id", "grant_type", "outcome")
    return [dict(zip(names, row), count=count) for row, count in counted]


def reset():
    with _lock:
        _exchanges.clear()


def client_of(request):
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id")
    decoded = base64.b64decode(encoded).decode(errors="replace")
    return unquote_plus(decoded.partition(":")[0])


def outcome_of(response):
    if response.status_code == 200:
        return "success"
    try:
        return json.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        return f"status_{response.status_code}"
