"""``alloyloop doctor``: whether this machine has what campaigns need, and what to do where it has not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from loop.cli.console import Json, err, out, print_json
from loop.cli.doctor import engines, machine, stores
from loop.cli.doctor.finding import Finding, Health
from loop.config.identity import state_url
from loop.config.lookup import Directory
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig, ClusterConfig

_COLOURS = {Health.OK: "green", Health.MISSING: "yellow", Health.FAULT: "red"}


def doctor(
    config: Annotated[Path | None, typer.Argument(help="a campaign's YAML file: what it needs is looked at")] = None,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """Looks at this machine: what campaigns need, what is lacking, and what to do about it.

    For example: alloyloop doctor configs/quickstart.yaml
    """
    findings = list(_findings(None if config is None else load_config(config), directory))
    if json_:
        healthy = not any(each.stands_in_the_way for each in findings)
        print_json({"healthy": healthy, "checks": [each.to_json() for each in findings]})
    else:
        out().print(_table(findings))
        for each in findings:
            if each.stands_in_the_way:
                err().print(f"{each.check}: {each.advice}", markup=False, soft_wrap=True)
    if any(each.stands_in_the_way for each in findings):
        raise typer.Exit(1)


def _findings(config: CampaignConfig | None, directory: Path) -> Iterator[Finding]:
    folder = stores.existing(directory if config is None else Path(config.directory))
    server: sa.URL | None = None if config is None else state_url(config)
    validators = set() if config is None else {config.validator.name, *(each.name for each in config.validators)}
    yield machine.python()
    yield from machine.packages()
    yield machine.processors()
    cluster = ClusterConfig() if config is None else config.cluster
    yield engines.ray(cluster.address, needed=config is None or config.cluster.executor == "ray")
    yield engines.gpu()
    yield engines.dft(needed="dft" in validators)
    disk = stores.disk(folder)
    yield disk
    if disk.health is Health.OK:
        yield stores.sqlite(folder)
        yield machine.clock(folder)
    yield stores.postgresql(server)
    yield stores.mlflow(Path("mlruns") if config is None else Path(config.tracking.folder))
    yield from engines.ports()
    yield engines.browser()
    yield machine.terminal()


def _table(findings: list[Finding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    for head in ("found", "what to do"):
        table.add_column(head, overflow="fold")
    for each in findings:
        health = str(each.health) if each.needed or each.health is Health.OK else f"{each.health}, optional"
        table.add_row(each.check, Text(health, style=_COLOURS[each.health]), Text(each.found), Text(each.advice))
    return table
