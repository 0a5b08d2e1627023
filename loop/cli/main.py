"""The command line. Documents go to standard output, everything else to standard error."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from alloys.errors import InputError, PeopleNeededError, WorkError, no_text
from loop.cli.console import err, out, take_any_encoding
from loop.drive.stopping import INTERRUPTED, TERMINATED, StopAsked

COMMANDS = {
    "init": ("init.command:init", "From a table of results to the file of a campaign that begins from it."),
    "run": ("campaigns:run", "Runs a campaign, or goes on where it was interrupted."),
    "check": ("campaigns:check", "Names every mistake in a configuration, with its line, before anything starts."),
    "status": (
        "campaigns:status",
        "The state of a campaign: iterations, queue, dataset, and what was done to it as it went on.",
    ),
    "best": ("campaigns:best", "The best alloys so far, validated and as the model had predicted them."),
    "pause": (
        "steer.command:pause",
        "Hands out nothing new until `alloyloop resume`; what runs is finished, and the run waits.",
    ),
    "resume": ("steer.command:resume", "Lets a paused campaign go on, or takes back a `stop` that is still to come."),
    "stop": (
        "steer.command:stop",
        "Ends the run after the iteration that was begun last; `alloyloop run` goes on from there.",
    ),
    "add": (
        "steer.command:add",
        "An alloy by hand joins the validations of the iteration under way, or of the next one.",
    ),
    "exclude": (
        "steer.command:exclude",
        "Alloys with an element or in a region are no longer proposed; those that wait in the queue are withdrawn.",
    ),
    "change": (
        "steer.command:change",
        "Another limit of a constraint, direction or target of an objective, or size of a batch, from now on.",
    ),
    "queue": ("queue:app", "Shows the validation queue, takes decisions, and exchanges files with people."),
    "predict": (
        "predict:predict",
        "What is known or predicted of alloys: mean, spread, probability of feasibility, nearest known alloys.",
    ),
    "explain": ("predict:explain", "Why an alloy was selected, or what speaks for and against it now."),
    "generate": (
        "generate:generate",
        "Draws alloys for targets from a campaign's newest generator, or from a weights file.",
    ),
    "validate": ("validate:validate", "Asks a validator about alloys, outside any campaign."),
    "phases": (
        "phases.command:phases",
        "Which phases an alloy has at each temperature, how it freezes, and maps between two alloys.",
    ),
    "properties": (
        "validate:properties",
        "Closed forms of alloys: density, VEC, moduli and others, by the reference models.",
    ),
    "plot": ("review.plot:plot", "Draws a picture of a campaign, for paper or for the browser."),
    "report": ("review.report:report", "Writes a campaign's report: one page of HTML that needs no network, or a PDF."),
    "timeline": (
        "review.timeline:timeline",
        "What ran when, and what was idle: seconds by lane and kind of work, shares, and a picture.",
    ),
    "ui": ("desk.ui:ui", "The MLflow UI on loopback, until Ctrl-C."),
    "mlflow": ("desk.mlflow_store:app", "What MLflow shows of campaigns."),
    "doctor": (
        "doctor.command:doctor",
        "Looks at this machine: what campaigns need, what is lacking, and what to do about it.",
    ),
    "submit": (
        "submit:submit",
        "Checks a campaign and sends it to a Ray cluster as a job; sent again, it goes on.",
    ),
    "data": ("data:app", "Results of a campaign, by hand; tables of alloys from elsewhere."),
    "materials": (
        "materials.command:app",
        "One table of what is known of materials, above all campaigns: published, validated, drawn and predicted.",
    ),
    "evaluate": ("evaluate:app", "How good the loop's parts are."),
    "replay": (
        "replay:replay",
        "Replays campaigns on a table whose answers are known: how much sooner than by chance the best are found.",
    ),
    "tdb": ("tdb:app", "Thermodynamic databases."),
}
"""By name: the function or group of commands in this folder, which is imported when it is called, and its help."""


def load(name: str) -> Any:
    """A command, imported now."""
    module, attribute = COMMANDS[name][0].split(":")
    found = getattr(importlib.import_module(f"loop.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        found, function = typer.Typer(add_completion=False), found
        found.command(name)(function)
    return _with_examples(typer.main.get_command(found))


_EXAMPLE = "For example: "


def _with_examples(command: Any) -> Any:
    """The command, and those of its group: what their docstrings give as an example stands below all options."""
    for one in (command, *getattr(command, "commands", {}).values()):
        words, mark, example = (one.help or "").partition(f"\n\n{_EXAMPLE}")
        one.help, one.epilog = words, (_EXAMPLE + " ".join(example.split())) if mark else one.epilog
    return command


class _Commands(TyperGroup):
    """All commands by name and help; one is imported when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(str(name)) if command is not None else None, rest


app = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _tell_version(wanted: bool) -> None:
    if wanted:
        out().print(f"alloyloop {importlib.metadata.version('alloyloop')}", markup=False, highlight=False)
        raise typer.Exit


@app.callback(help="Active-learning design of alloys.")
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    pass


_WAITING = 3
"""Exit status of a run that cannot go on until people have decided or measured."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line: status 0 on success, 1 where work failed, 2 on bad input, 3 if the run waits for people,
    130 on Ctrl-C, 143 after SIGTERM."""
    take_any_encoding()
    call: Callable[..., Any] = typer.main.get_command(app)
    words = sys.argv[1:] if arguments is None else arguments
    run_told(lambda: call(args=arguments, prog_name="alloyloop", standalone_mode=False), words)


def run_told(work: Callable[[], Any], words: list[str]) -> None:
    """Does the work of a command and exits with its status; an error is printed in one line.

    Args:
        work: gives the status, or anything else for 0.
        words: of the command, for the advice to give it again.
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
        code, message = _status_and_message(error, words)
        if code == 1:
            message = f"{message}; {_next(words)}"
        if message:
            err().print(f"alloyloop: {message}", markup=False, soft_wrap=True)
    if code in (INTERRUPTED, TERMINATED):
        err().print(f"alloyloop: {stopped}; {_next(words)}", markup=False, soft_wrap=True)
    sys.exit(code if isinstance(code, int) else 0)


def _next(words: list[str]) -> str:
    """What the command of these words will do when it is given again after it was cut short."""
    goes_on = words[:1] == ["run"] or (words[:1] == ["validate"] and "--out" in words)
    return f"the same command {'goes on from here' if goes_on else 'starts over'}"


def _status_and_message(error: Exception, words: list[str]) -> tuple[int, str]:
    """The exit status and the one message for an error that a person can act on.

    Raises:
        Exception: the error itself where it is none of those, which is a mistake of ours.
    """
    from loop.store.files import DISK_ERRORS  # late, for a light start: with the database's libraries

    if isinstance(error, ValueError) and not isinstance(error, InputError) and (told := no_text(words)):
        return 2, told
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
