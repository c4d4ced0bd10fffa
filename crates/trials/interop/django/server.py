"""django-oauth-toolkit as a real authorization server for the interop tests; see ../README.md."""

import argparse
import json
import os
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import settings

HOST = "127.0.0.1"


def main():
    options = command_line()
    settings.configure(options)
    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    # Imported late: they need the settings.
    import clients
    import control

    call_command("migrate", run_syncdb=True, verbosity=0)
    clients.register()
    issuer = serve(get_wsgi_application(), options.port)
    control_url = serve(control.application, options.control_port)
    announce(issuer, control_url, clients.described())
    exit_with_parent()


def command_line():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--access-ttl", type=int, default=4)
    parser.add_argument("--state", default="state.sqlite3")
    parser.add_argument("--rotation", choices=["single-use", "kept"], default="single-use")
    parser.add_argument("--reuse", choices=["ends-grant", "refused"], default="ends-grant")
    return parser.parse_args()


class ThreadingServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # WSGIServer's own method resolves the host's name, which takes seconds on some machines.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


class SilentHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def serve(application, port):
    """Serves on its own thread, and returns the address."""
    server = make_server(
        HOST, port, application, server_class=ThreadingServer, handler_class=SilentHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{HOST}:{server.server_port}"


def announce(issuer, control_url, clients):
    ready = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/o/token/",
        "revocation_endpoint": f"{issuer}/o/revoke_token/",
        "introspection_endpoint": f"{issuer}/o/introspect/",
        "control": control_url,
        "clients": clients,
    }
    print(json.dumps(ready), flush=True)


def exit_with_parent():
    """Ends the server if the test dies: its end of standard input closes with it."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
