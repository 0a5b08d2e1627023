"""The command line. Documents go to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from alloys.errors import InputError, PeopleNeededError, WorkError
from loop.cli import data as cli_data
from loop.cli import evaluate as cli_evaluate
from loop.cli import generate as cli_generate
from loop.cli import predict as cli_predict
from loop.cli import queue as cli_queue
from loop.cli import replay as cli_replay
from loop.cli import submit as cli_submit
from loop.cli import tdb as cli_tdb
from loop.cli import timeline as cli_timeline
from loop.cli import validate as cli_validate
from loop.cli.console import Json
from loop.cli.console import err as _err
from loop.cli.console import out as _out
from loop.cli.console import print_json as _print_json
from loop.config.lookup import Directory, campaign_database
from loop.drive.stopping import INTERRUPTED, TERMINATED, StopAsked
from loop.store.files import DISK_ERRORS

app = typer.Typer(
    help="Active-learning design of refractory high-entropy alloys.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cli_data.app, name="data")
app.add_typer(cli_evaluate.app, name="evaluate")
app.add_typer(cli_queue.app, name="queue")
app.add_typer(cli_tdb.app, name="tdb")
app.command()(cli_generate.generate)
app.command()(cli_replay.replay)
app.command()(cli_predict.predict)
app.command()(cli_predict.explain)
app.command()(cli_submit.submit)
app.command()(cli_timeline.timeline)
app.command()(cli_validate.validate)

Formulas = Annotated[list[str], typer.Argument(metavar="FORMULA...", help=cli_validate.EXAMPLE)]


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="a campaign's YAML file")],
    name: Annotated[str | None, typer.Option(help="another name, for another campaign")] = None,
    iterations: Annotated[int | None, typer.Option(help="number of the last iteration")] = None,
    seed: Annotated[int | None, typer.Option(help="another seed")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="overrides a value")] = None,
    hold: Annotated[bool, typer.Option("--hold", help="new jobs wait for `alloyloop queue approve`")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens to standard error")] = False,
) -> None:
    """Runs a campaign, or goes on with it where it was interrupted."""
    from loop.config.schema import load_config
    from loop.drive.run import run_campaign

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
    overrides = [*(set_ or ()), *(["validation.hold=true"] if hold else [])]
    loaded = load_config(config, overrides, name=name, iterations=iterations, seed=seed)
    run_campaign(loaded, _err())


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help="a campaign's YAML file")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="overrides a value")] = None,
) -> None:
    """Names every mistake in a configuration, with its line, before anything starts."""
    from loop.config.schema import check_config

    _, mistakes = check_config(config, set_ or ())
    for mistake in mistakes:
        _err().print(f"{config}: {mistake}", markup=False, soft_wrap=True)
    if mistakes:
        raise typer.Exit(2)
    _err().print(f"{config}: no mistakes", markup=False)


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="a campaign")],
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """Where a campaign stands: iterations, queue, dataset."""
    from loop.review.report import iteration_table, status_document
    from loop.store import CampaignStore

    with CampaignStore.open(campaign_database(directory, name)) as store:
        document = status_document(store)
    if json_:
        _print_json(document)
        return
    out = _out()
    out.print(f"{document['name']}: {document['state']}, {document['observations']} observations", markup=False)
    out.print(iteration_table(document["iterations"]))
    out.print("queue: " + (", ".join(f"{n} {state}" for state, n in document["queue"].items() if n) or "empty"))
    out.print(f"dataset digest {document['dataset_digest']}", markup=False)


@app.command()
def best(
    name: Annotated[str, typer.Argument(help="a campaign")],
    top: Annotated[int, typer.Option(min=1, help="how many alloys")] = 10,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """The best alloys so far: what validation said and what the model had thought."""
    from loop.review.report import best_document, best_table
    from loop.store import CampaignStore
    from loop.view import view_of

    with CampaignStore.open(campaign_database(directory, name)) as store:
        view = view_of(store)
    if json_:
        _print_json(best_document(view, top))
    else:
        out = _out()
        out.print(best_table(view, top, width=out.width))


@app.command()
def properties(formulas: Formulas, json_: Json = False) -> None:
    """What the reference models say of alloys."""
    from validation.registry import make_validator

    cli_validate.answer(formulas, make_validator("reference", {}), json_=json_)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on loopback")] = 5000,
    folder: Annotated[Path, typer.Option(help="where MLflow's store lies")] = Path("mlruns"),
) -> None:
    """The MLflow UI on loopback, until Ctrl-C."""
    from loop.review.tracking import tracking_uri

    if not (folder / "mlflow.db").is_file():
        raise InputError(f"there is no MLflow store in {folder}; run a campaign first, or name its folder")
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from error
    _err().print(f"MLflow at http://127.0.0.1:{port} (Ctrl-C ends it)", markup=False)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", tracking_uri(folder)]
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # A session of its own, so that all of MLflow's processes can be ended together.
    server = subprocess.Popen(command, env=environment, stdout=sys.stderr, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # Nobody but this process is to end it; its status says little, for one that gets SIGTERM may end with 0.
        raise WorkError(f"MLflow's server has ended, with status {server.wait()}")
    except KeyboardInterrupt:
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)


_WAITING = 3
"""Exit status of a run that cannot go on until people have decided or measured."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line: status 0 on success, 1 where work failed, 2 on bad input, 3 where people are waited for,
    130 on Ctrl-C, 143 after SIGTERM."""
    call: Callable[..., Any] = typer.main.get_command(app)
    words = sys.argv[1:] if arguments is None else arguments
    main_told(lambda: call(args=arguments, prog_name="alloyloop", standalone_mode=False), words)


def main_told(work: Callable[[], Any], words: list[str]) -> None:
    """Does the work of a command and exits with its status; what went wrong is told in one line.

    Args:
        work: gives the status, or anything else for 0.
        words: of the command, for what is said of giving it again.
    """
    stopped = "stopped"
    try:
        code = work()
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except StopAsked as end:
        code, stopped = end.status, f"stopped; {end}"
    except typer.Exit as stop:
        code = stop.exit_code
    except Exception as error:
        code, message = _told(error)
        if code == 1:
            message = f"{message}; {_next(words)}"
        if message:
            _err().print(f"alloyloop: {message}", markup=False, soft_wrap=True)
    if code in (INTERRUPTED, TERMINATED):
        _err().print(f"alloyloop: {stopped}; {_next(words)}", markup=False, soft_wrap=True)
    sys.exit(code if isinstance(code, int) else 0)


def _next(words: list[str]) -> str:
    """What the command of these words will do when it is given again after it was cut short."""
    goes_on = words[:1] == ["run"] or (words[:1] == ["validate"] and "--out" in words)
    return f"the same command {'goes on from here' if goes_on else 'starts over'}"


def _told(error: Exception) -> tuple[int, str]:
    """The exit status and the one message for an error that a person can act on.

    Raises:
        Exception: the error itself where it is none of those, which is a mistake of ours.
    """
    if isinstance(error, WorkError):
        return 1, str(error)
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return 1, f"cannot write {error.filename or 'a file'}: {error.strerror}; make room there or make it writable"
    if isinstance(error, InputError | OSError):
        return 2, str(error)
    if isinstance(error, PeopleNeededError):
        return _WAITING, str(error)
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # what click itself finds wrong
        return 2, str(error.format_message())
    raise error


if __name__ == "__main__":
    main()
