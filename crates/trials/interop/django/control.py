"""What a test may do outside the protocol: issue grants, revoke them, read the counts."""

import json
import uuid
from datetime import timedelta
from urllib.parse import parse_qsl

import stats
from clients import ACCOUNT, REDIRECT_URI
from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django.utils import timezone
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import AccessToken, Grant, RefreshToken, get_application_model
from oauth2_provider.settings import oauth2_settings
from settings import SCOPES

SCOPE = " ".join(SCOPES)
CODE_SECONDS = 60

# Families that had ended when the counts were set to zero, or that a test revoked.
_not_counted = set()


class BadRequest(Exception):
    pass


def application(environ, start_response):
    """The control server as a WSGI application."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    route = ROUTES.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    status, body = answer(route, query)
    close_old_connections()
    content = json.dumps(body).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(content)))]
    start_response(status, headers)
    return [content]


def answer(route, query):
    if route is None:
        return "404 Not Found", {"error": "no such route"}
    try:
        return "200 OK", route(query)
    except BadRequest as error:
        return "400 Bad Request", {"error": str(error)}
    except Exception as error:
        return "500 Internal Server Error", {"error": repr(error)}


def mint(query):
    origin = consent(query)
    expires_in = oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS
    expires = timezone.now() + timedelta(seconds=expires_in)
    access = AccessToken.objects.create(
        token=generate_client_secret(), expires=expires, scope=SCOPE, **origin
    )
    refresh = RefreshToken.objects.create(
        token=generate_client_secret(), access_token=access, token_family=uuid.uuid4(), **origin
    )
    return {
        "access_token": access.token,
        "refresh_token": refresh.token,
        "token_type": "Bearer",
        "expires_in": expires_in,
        "scope": SCOPE,
    }


def code(query):
    origin = consent(query)
    challenge = query.get("code_challenge", "")
    grant = Grant.objects.create(
        code=generate_client_secret()[:64],
        expires=timezone.now() + timedelta(seconds=CODE_SECONDS),
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge=challenge,
        code_challenge_method="S256" if challenge else "",
        **origin,
    )
    return {"code": grant.code, "redirect_uri": REDIRECT_URI, "expires_in": CODE_SECONDS}


def consent(query):
    """The owner of the tokens, as if the user had consented in a browser."""
    client = get_application_model().objects.filter(client_id=required(query, "client")).first()
    if client is None:
        raise BadRequest("no such client")
    if client.authorization_grant_type != "authorization-code":
        raise BadRequest("this client acts for no account")
    return {"user": get_user_model().objects.get(username=ACCOUNT), "application": client}


def revoke_grant(query):
    token = required(query, "refresh_token")
    known = RefreshToken.objects.filter(token=token, revoked__isnull=True).first()
    if known is None:
        return {"revoked": 0}
    RefreshToken.revoke_family(known.token_family)
    _not_counted.add(known.token_family)
    return {"revoked": 1}


def counts(_query):
    return {"exchanges": stats.rows(), "grants_revoked": len(ended_families() - _not_counted)}


def forget(query):
    stats.reset()
    _not_counted.update(ended_families())
    return counts(query)


def ended_families():
    all_families = families(RefreshToken.objects.all())
    return all_families - families(RefreshToken.objects.filter(revoked__isnull=True))


def families(tokens):
    return set(tokens.values_list("token_family", flat=True))


def required(query, name):
    if not query.get(name):
        raise BadRequest(f"the query wants {name}")
    return query[name]


ROUTES = {
    ("POST", "/mint"): mint,
    ("POST", "/code"): code,
    ("POST", "/revoke-grant"): revoke_grant,
    ("GET", "/stats"): counts,
    ("DELETE", "/stats"): forget,
}
