"""Health of processes that serve no requests: /healthz, /readyz and /metrics on a thread."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

JSON = "application/json"


def _answer(path: str, problems: Callable[[], list[str]]) -> tuple[int, str, bytes]:
    match path.partition("?")[0]:
        case "/healthz":
            return 200, JSON, b'{"status": "ok"}'
        case "/readyz":
            found = problems()
            body = {"status": "not ready" if found else "ready", "problems": found}
            return 503 if found else 200, JSON, json.dumps(body).encode()
        case "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest()
        case _:
            return 404, JSON, b'{"status": "not found"}'


def serve_health(host: str, port: int, problems: Callable[[], list[str]]) -> ThreadingHTTPServer:
    """Serve until the process ends, or ``shutdown()`` is called on what is returned.

    Args:
        problems: why the process makes no progress, empty when it does; asked per request from
            another thread.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # a caller that sends nothing must not hold a thread for ever

        def do_GET(self) -> None:
            status, kind, body = _answer(self.path, problems)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep probes out of the log."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
