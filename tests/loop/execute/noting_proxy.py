"""A proxy that notes what it is asked, and answers that it may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


@contextmanager
def noting_proxy() -> Iterator[tuple[int, list[str]]]:
    """Its port on this machine, and the requests that it gets."""
    got: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.append(f"{self.path} {self.headers}")
            self.send_response(403)
            self.end_headers()

        do_POST = do_CONNECT = do_HEAD = do_GET  # noqa: N815 - as the library wants them

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Noting)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_port, got
    server.shutdown()
    server.server_close()
