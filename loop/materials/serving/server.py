"""The OPTIMADE server over a snapshot of the materials table: for this machine alone, and read-only."""

from __future__ import annotations

import logging
import socket
from typing import Any

logging.getLogger("optimade").addHandler(logging.NullHandler())  # else it makes files in /var/log and prints

import uvicorn  # noqa: E402
from optimade.server.config import ServerConfig  # noqa: E402
from optimade.server.create_app import create_app  # noqa: E402
from starlette.middleware.cors import CORSMiddleware  # noqa: E402
from starlette.middleware.trustedhost import TrustedHostMiddleware  # noqa: E402

from loop.materials.serving.collection import MaterialsCollection  # noqa: E402
from loop.materials.serving.snapshot import PREFIX, ServedTable, field_of, moment  # noqa: E402

HOST = "127.0.0.1"
_NAMES = [HOST, "localhost"]
"""What a request may call this machine: another name leads here by a trick (DNS rebinding)."""
_READING = ("GET", "HEAD")
_LONGEST = 8192
"""Letters of a question."""


class _Config(ServerConfig):  # type: ignore[misc]
    """Settings as they are given here: neither files nor variables of the environment change them."""

    @classmethod
    def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> tuple[Any, ...]:
        return (init_settings,)


class _ReadOnly:
    """Refuses what does not read, and questions too long to be meant."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING:
            await _refuse(send, 405, b"the materials table is served read-only")
        elif scope["type"] == "http" and len(scope["query_string"]) > _LONGEST:
            await _refuse(send, 414, b"the question is too long")
        else:
            await self._app(scope, receive, send)


async def _refuse(send: Any, status: int, why: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(why)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why})


def make_app(snapshot: ServedTable, address: str) -> Any:
    """The application, as ASGI.

    Args:
        snapshot: what it tells.
        address: that links begin with.
    """
    fields = [
        {
            "name": field_of(name),
            "type": "list",
            "sortable": False,
            "description": f"points of {name}, each with value and std in its unit ({', '.join(units)}), conditions, "
            "kind and source; filters may ask for keys of any of them, as in .value",
        }
        for name, units in snapshot.properties.items()
    ]
    config = _Config(
        insert_test_data=False,
        base_url=address,
        mongo_database=f"{PREFIX}_{id(snapshot)}",  # of references and links, in the memory of this process
        provider={"prefix": PREFIX, "name": "alloyloop", "description": "A table of points about materials."},
        implementation={"name": "alloyloop", "homepage": None},
        provider_fields={"structures": fields},
    )
    app = create_app(config)
    app.state.entry_collections["structures"] = MaterialsCollection(snapshot, config)
    if snapshot.references:
        app.state.entry_collections["references"].insert(_references(snapshot))
    app.user_middleware = [one for one in app.user_middleware if one.cls is not CORSMiddleware]  # pages of others
    app.router.routes = [route for route in app.router.routes if "/extensions/" not in getattr(route, "path", "")]
    return TrustedHostMiddleware(_ReadOnly(app), allowed_hosts=_NAMES)


def _references(snapshot: ServedTable) -> list[dict[str, Any]]:
    return [
        {
            "id": doi,
            "type": "references",
            "doi": doi,
            "title": source.title or None,
            "year": None if source.year is None else str(source.year),
            "last_modified": moment(snapshot.newest),
        }
        for doi, source in snapshot.references.items()
    ]


def listener_at(port: int) -> socket.socket:
    """A socket of this machine alone; any free port for 0.

    Raises:
        OSError: if the port is taken.
    """
    return socket.create_server((HOST, port))


def serve(snapshot: ServedTable, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM."""
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(snapshot, address), http="h11", ws="none", log_level="error", proxy_headers=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])
