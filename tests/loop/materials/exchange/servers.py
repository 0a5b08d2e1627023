"""Servers for the tests, on loopback: the reference server of `optimade`, and ones that have gone wrong."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn

logging.getLogger("optimade").addHandler(logging.NullHandler())  # else importing it makes files in /var/log


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An application at an address of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)  # nothing tells when it has begun to listen
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def reference_server(
    entries: Sequence[dict[str, Any]], prefix: str, fields: Sequence[str], licence: str | None
) -> Iterator[str]:
    """The reference implementation over some structures."""
    from optimade.server.config import ServerConfig
    from optimade.server.create_app import create_app

    provider = {"prefix": prefix, "name": "of the tests", "description": "Entries made for tests."}
    config = ServerConfig(
        insert_test_data=False, mongo_database=f"tests_{prefix}", provider=provider, license=licence,
        provider_fields={"structures": [{"name": name, "type": "float", "description": name} for name in fields]},
    )  # fmt: skip
    app = create_app(config)
    app.state.entry_collections["structures"].insert(list(entries))
    with served(app) as address:
        yield address


Answer = Callable[[str], tuple[int, dict[str, str], bytes]]
"""From a path with its query to a status, headers and content."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that says what a function gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, content = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def document(content: Any) -> tuple[int, dict[str, str], bytes]:
    """A document as it is answered."""
    return 200, {"Content-Type": "application/vnd.api+json"}, json.dumps(content).encode()
