"""``alloyloop submit``: a campaign as a job on a Ray cluster."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from alloys.errors import InputError
from loop.cli.console import Json, err, print_json
from loop.config.reading import load_config
from loop.execute import submit as job_of
from loop.execute.loopback import is_here
from loop.execute.ray_jobs import Jobs, job_command, pack

_HERE = Path()
_DASHBOARD = "RAY_API_SERVER_ADDRESS"
"""Environment variable that names the cluster's dashboard where no option does."""


def submit(
    config: Annotated[Path, typer.Argument(help="a campaign's YAML file in the working directory")],
    address: Annotated[
        str | None, typer.Option(help="URL of the dashboard; RAY_API_SERVER_ADDRESS if not given")
    ] = None,
    name: Annotated[str | None, typer.Option(help="another name, for another campaign")] = None,
    iterations: Annotated[int | None, typer.Option(help="number of the last iteration")] = None,
    seed: Annotated[int | None, typer.Option(help="another seed")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="overrides a value")] = None,
    home: Annotated[str | None, typer.Option(help="folder on the cluster that relative paths begin from")] = None,
    working_dir: Annotated[Path, typer.Option(help="what is uploaded")] = _HERE,
    python: Annotated[str, typer.Option(help="the interpreter on the cluster's head")] = "python",
    open_cluster: Annotated[bool, typer.Option(help="allow a cluster that asks for no token")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="follow the job to its end")] = False,
    json_: Json = False,
) -> None:
    """Checks a campaign and sends it to a Ray cluster as a job; sent again, it goes on.

    For example: alloyloop submit my.yaml --address http://127.0.0.1:8265
    """
    loaded = load_config(config, set_ or (), name=name, iterations=iterations, seed=seed)
    inside = job_of.path_inside(config, working_dir)
    arguments = _arguments(name, iterations, seed, set_ or [])
    job = job_of.make_job(loaded, inside, arguments, home=home, python=python)
    source, url = ("--address", address) if address else (_DASHBOARD, os.environ.get(_DASHBOARD))
    if not url:
        raise InputError("--address: name the cluster's dashboard, such as http://127.0.0.1:8265")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "package.zip"
        limit = pack(working_dir, archive)
        needed = [inside, *job_of.files_named(loaded)]
        package = job_of.look_into(archive, working_dir, needed=needed, limit=limit)
        jobs = Jobs(url, source)
        _look_at(jobs, open_cluster)
        jobs.refuse_second(loaded.name)
        identifier = jobs.submit(job, package)
    document: dict[str, Any] = {"job": identifier, "campaign": loaded.name, "address": jobs.address}
    document |= {"entrypoint": job.entrypoint, "files": len(package.files), "bytes": package.size}
    if json_:
        print_json(document)
    _tell(document)
    if wait:
        jobs.follow(identifier, sys.stderr.write)


def _arguments(name: str | None, iterations: int | None, seed: int | None, overrides: list[str]) -> list[str]:
    given = {"--name": name, "--iterations": iterations, "--seed": seed}
    words = [word for option, value in given.items() if value is not None for word in (option, str(value))]
    return words + [word for override in overrides for word in ("--set", override)]


def _look_at(jobs: Jobs, open_cluster: bool) -> None:
    if not jobs.asks_token and not open_cluster:
        raise InputError(
            f"the cluster at {jobs.address} asks for no token: whoever reaches it can run commands there; start it "
            "with RAY_AUTH_MODE=token (docs/howto/cluster.md), or say --open-cluster"
        )
    parts = urlsplit(jobs.address)
    if parts.scheme == "http" and not is_here(parts.hostname or ""):
        err().print("the token travels unencrypted: an SSH tunnel or https would hide it", markup=False)


def _tell(document: dict[str, Any]) -> None:
    job, address = document["job"], document["address"]
    err().print(
        f"job {job}: {document['files']} files, {document['bytes'] / 1024:.0f} KiB sent\n"
        f"  follow it:  {job_command('logs --follow', job, address)}\n"
        f"  state:      {job_command('status', job, address)}\n"
        f"  end it:     {job_command('stop', job, address)}\n"
        f"submitted again, the campaign {document['campaign']!r} goes on where it stands",
        markup=False,
        soft_wrap=True,
    )
