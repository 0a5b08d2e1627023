"""``alloyloop materials serve``: the table as an OPTIMADE database, for programs of this machine."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from alloys.errors import InputError
from loop.cli.console import err
from loop.cli.materials.place import USUAL, Place


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="on loopback; 0 takes any that is free")] = 5000,
    table: Place = USUAL,
) -> None:
    """The table by OPTIMADE on loopback, read-only, as it is now, until Ctrl-C.

    For example: alloyloop materials serve --port 5001
    """
    from loop.materials import MaterialsTable, PointQuery  # late, for a light start
    from loop.materials.serving.server import listener_at
    from loop.materials.serving.server import serve as served
    from loop.materials.serving.snapshot import ServedTable

    with MaterialsTable.open(table) as opened:
        last = opened.last()
        snapshot = ServedTable(opened.points(PointQuery(until=last, counting=True)), opened.sources())
    try:
        listener = listener_at(port)
    except OSError as error:
        raise InputError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from error
    with listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        told = f"{len(snapshot)} materials, up to point {last}, at {address}/v1/structures (Ctrl-C ends it)"
        err().print(told, markup=False, soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            served(snapshot, listener)
