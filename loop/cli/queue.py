"""``alloyloop queue``: shows the validation queue, takes decisions, and exchanges files with people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from alloys.composition import Composition
from alloys.design import Design, Value
from alloys.errors import InputError
from loop.cli.console import Chosen, Json, Yes, chosen_variables, confirm_doubts, err, out, print_json
from loop.cli.console import who as _who
from loop.config.assembly import build_problem
from loop.config.lookup import Directory, Name, campaign_database
from loop.people.exchange import export_jobs, import_results
from loop.people.queue_report import job_document, job_table, pause_text, show_document, show_table
from loop.people.replacing import refuse_unfit
from loop.store import CampaignStore, check_store
from loop.view import config_of

app = typer.Typer(
    help="Shows the validation queue, takes decisions, and exchanges files with people.",
    no_args_is_help=True,
    add_completion=False,
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="key of a job, or its first characters")]
Keys = Annotated[list[str], typer.Argument(metavar="KEY...", help="keys of jobs, or their first characters")]
State = Annotated[str | None, typer.Option(help="only jobs in this state")]
By = Annotated[str | None, typer.Option(help="who decides, for the log; the user's name if not given")]
All = Annotated[bool, typer.Option("--all", help="every job in question, instead of keys")]

_DIRECTORY = Path("campaigns")
_ROWS = 50
_DOCUMENTS = 1000


@contextmanager
def _store(directory: Path, name: str) -> Iterator[CampaignStore]:
    with CampaignStore.open(campaign_database(directory, name)) as store:
        yield store


def _keys(store: CampaignStore, starts: list[str], state: str | None = None) -> list[str]:
    """Whole keys; with a state, of every job in it instead.

    Raises:
        InputError: if there is none, or a start fits none or several.
    """
    if starts and state is not None:
        raise InputError("name keys, or say --all, not both")
    keys = [job.key for job in store.jobs(state)] if state is not None else [store.find_key(s) for s in starts]
    if not keys:
        raise InputError(f"no job is {state}" if state is not None else "name at least one key, or say --all")
    return keys


def _print_jobs(store: CampaignStore, keys: list[str], json_: bool) -> None:
    """The jobs as they are now."""
    jobs = [store.job(key) for key in keys]
    if json_:
        print_json([job_document(job) for job in jobs])
    else:
        out().print(job_table(jobs))


@app.command("list")
def list_(
    name: Name,
    state: State = None,
    iteration: Annotated[int | None, typer.Option(min=0, help="only jobs of this iteration")] = None,
    review: Annotated[bool, typer.Option(help="only jobs that need review or have conflicting results")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="at most so many; 50, with --json 1000, if not given")
    ] = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Jobs by iteration and rank.

    For example: alloyloop queue list my --state needs_review
    """
    with _store(directory, name) as store:
        most = limit or (_DOCUMENTS if json_ else _ROWS)
        jobs = store.jobs(state, iteration=iteration, review=review, limit=most)
        if json_:
            print_json([job_document(job) for job in jobs])
        else:
            out().print(job_table(jobs))
        left = store.count_jobs(state, iteration=iteration, review=review) - len(jobs) if len(jobs) == most else 0
        if left:
            err().print(f"and {left} more; --limit, --state and --iteration say which", markup=False)
        for pause in store.pauses():
            err().print(pause_text(pause, name), markup=False, soft_wrap=True)


@app.command()
def show(name: Name, key: Key, json_: Json = False, directory: Directory = _DIRECTORY) -> None:
    """One job: state, results, and every change of state.

    For example: alloyloop queue show my 533a7596
    """
    with _store(directory, name) as store:
        document = show_document(store, store.find_key(key))
    if json_:
        print_json(document)
        return
    for table in show_table(document):
        out().print(table, markup=False)


@app.command()
def retry(
    name: Name,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY...]", help="jobs that need review or wait")] = None,
    every: All = False,
    validator: Annotated[str | None, typer.Option(help="end this validator's pause: it works again")] = None,
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Asks again: jobs that need review (all of them with --all), or that wait for their next try.

    For example: alloyloop queue retry my --all
    """
    with _store(directory, name) as store:
        if validator is not None:
            store.resume_validator(validator)
            err().print(f"the validator {validator!r} gets jobs again", markup=False)
            if not keys and not every:
                if json_:
                    print_json([])
                return
        wanted = _keys(store, keys or [], "needs_review" if every else None)
        store.retry(*wanted, by=_who(by))
        _print_jobs(store, wanted, json_)


@app.command()
def cancel(
    name: Name,
    keys: Keys,
    reason: Annotated[str, typer.Option(help="why, for the log")] = "cancelled",
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Ends jobs that have no answer; their alloys are not proposed again.

    For example: alloyloop queue cancel my 01d7
    """
    with _store(directory, name) as store:
        wanted = _keys(store, keys)
        store.cancel(*wanted, note=f"cancelled by {_who(by)}: {reason}")
        _print_jobs(store, wanted, json_)


@app.command()
def approve(
    name: Name,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY...]", help="held jobs, or with conflicts")] = None,
    every: All = False,
    edit: Annotated[str | None, typer.Option("--as", metavar="FORMULA", help="this alloy instead")] = None,
    variable: Chosen = None,
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Releases held jobs (all of them with --all), or records that you have seen conflicting results.

    For example: alloyloop queue approve my 533a a547
    """
    with _store(directory, name) as store:
        wanted = _keys(store, keys or [], "held" if every else None)
        if edit is not None or variable:
            wanted = _edited(store, wanted, edit, chosen_variables(variable), _who(by))
        else:
            store.approve(*wanted, by=_who(by))
        _print_jobs(store, wanted, json_)


def _edited(
    store: CampaignStore, keys: list[str], formula: str | None, chosen: Mapping[str, Value], by: str
) -> list[str]:
    """Approves another design of the space in the place of one held job; what is not said stays as it was asked for.

    Raises:
        InputError: if the design is outside the space, known or asked for before, or there are several jobs.
    """
    if len(keys) != 1:
        raise InputError(f"--as and --variable edit one job, got {len(keys)}")
    asked, config = store.job(keys[0]).request, config_of(store)
    problem = build_problem(config)
    composition = asked.design.composition if formula is None else Composition.parse(formula)
    values = {**asked.design.values, **chosen}
    told = problem.space.variables.asked(values)
    design = Design.of(composition, {n: v for n, v in values.items() if n in chosen or told.get(n, True)})
    refuse_unfit(store, config, problem, asked.design, design)
    request = replace(asked, design=design)
    return [keys[0], store.edit(keys[0], request, by=by)]


@app.command()
def reject(
    name: Name,
    keys: Keys,
    reason: Annotated[str, typer.Option(help="why")],
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Ends held jobs before validation; their alloys are not proposed again.

    For example: alloyloop queue reject my 01d7 --reason "hafnium is out"
    """
    with _store(directory, name) as store:
        wanted = _keys(store, keys)
        store.reject(*wanted, reason=reason, by=_who(by))
        _print_jobs(store, wanted, json_)


@app.command()
def export(
    name: Name,
    to: Annotated[Path, typer.Option("--out", help="CSV file to write")],
    state: Annotated[str, typer.Option(help="of the jobs, or 'all'")] = "awaiting_human",
    laboratory: Annotated[str | None, typer.Option(help="only jobs of this one")] = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Writes jobs as a CSV file for people to fill in.

    For example: alloyloop queue export my --out jobs.csv
    """
    with _store(directory, name) as store:
        count = export_jobs(store, to, None if state == "all" else state, laboratory)
    if json_:
        print_json({"file": str(to), "jobs": count})
    else:
        err().print(f"{count} jobs written to {to}", markup=False, soft_wrap=True)


@app.command("import")
def import_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="a CSV file of `queue export`, filled in")],
    source: Annotated[str | None, typer.Option(help="who measured, kept with each result")] = None,
    yes: Yes = False,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Imports people's answers: the whole file, or nothing. The same file again changes nothing.

    For example: alloyloop queue import my jobs.csv --source "furnace 2"
    """
    with _store(directory, name) as store:
        counts, empty = import_results(store, file, source=_who(source), accept=partial(confirm_doubts, yes=yes))
    if json_:
        print_json({**asdict(counts), "empty": empty})
        return
    err().print(
        f"{counts.answered} answered, {counts.kept} kept that answer no job, {counts.known} known already, "
        f"{counts.repeats} measured again, {counts.conflicts} conflicting, {empty} not filled in",
        markup=False,
    )
    if counts.conflicts:
        err().print(f"the conflicting ones: `alloyloop queue list {name} --review`", markup=False)


@app.command()
def check(name: Name, json_: Json = False, directory: Directory = _DIRECTORY) -> None:
    """Replays the log of the queue and lists what does not fit; exits with 1 if something does not.

    For example: alloyloop queue check my
    """
    with _store(directory, name) as store:
        problems = check_store(store)
        moves = len(store.events())
    if json_:
        print_json({"moves": moves, "problems": problems})
    else:
        for problem in problems:
            err().print(problem, markup=False, soft_wrap=True)
        err().print(f"{len(problems)} problems in {moves} moves")
    if problems:
        raise typer.Exit(1)
