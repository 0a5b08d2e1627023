"""``alloyloop run``, ``check``, ``status`` and ``best``: a campaign from its file to its best alloys."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError
from alloys.space import Space, TableSpace
from loop.cli.console import Json, err, out, print_json
from loop.config.assembly import build_problem, start_table
from loop.config.data import read_data
from loop.config.lookup import Directory, Name, campaign_database
from loop.config.reading import check_config, load_config
from loop.drive.first import first_designs, names_by_design
from loop.review.terminal import Log
from loop.review.terminal.fitting import fitted


def run(
    config: Annotated[Path, typer.Argument(help="a campaign's YAML file")],
    name: Annotated[str | None, typer.Option(help="another name, for another campaign")] = None,
    iterations: Annotated[int | None, typer.Option(help="number of the last iteration")] = None,
    seed: Annotated[int | None, typer.Option(help="another seed")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="overrides a value")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="begin with the results of this campaign")
    ] = None,
    hold: Annotated[bool, typer.Option("--hold", help="new jobs wait for `alloyloop queue approve`")] = False,
    log: Annotated[
        Log, typer.Option(help="live on a terminal; plain: a line for each stage; quiet: only what goes wrong")
    ] = Log.LIVE,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens to standard error")] = False,
) -> None:
    """Runs a campaign, or goes on where it was interrupted.

    For example: alloyloop run configs/quickstart.yaml --iterations 4
    """
    from loop.drive.run import run_campaign  # late: `check` needs no driver

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
    overrides = [*(set_ or ()), *(["validation.hold=true"] if hold else [])]
    loaded = load_config(config, overrides, name=name, iterations=iterations, seed=seed)
    run_campaign(loaded, err(), begin_from=from_, log=log)


def check(
    config: Annotated[Path | None, typer.Argument(help="a campaign's YAML file")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="overrides a value")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of such files, for editors")] = False,
) -> None:
    """Names every mistake in a configuration, with its line, before anything starts.

    For example: alloyloop check configs/quickstart.yaml
    """
    if schema:
        from loop.config.json_schema import json_schema  # late: seldom asked for

        print_json(json_schema())
        return
    if config is None:
        raise InputError("name a configuration to check, or give --schema")
    checked, mistakes = check_config(config, set_ or ())
    for mistake in mistakes:
        err().print(f"{config}: {mistake}", markup=False, soft_wrap=True)
    if checked is None:
        raise typer.Exit(2)
    problem = build_problem(checked)
    if checked.materials is None:
        rows = [row for file in read_data(checked.data, problem.properties, problem.space) for row in file.rows]
        first_designs(checked, problem, start_table(checked.start, problem.physics), names_by_design(rows))
    for note in [*problem.physics.notes(problem.space.elements), *_notes_of_list(problem.space)]:
        err().print(f"{config}: {note}", markup=False, soft_wrap=True)
    err().print(f"{config}: no mistakes", markup=False)


def _notes_of_list(space: Space) -> list[str]:
    """What a person may not expect of a list of candidates; nothing of another space."""
    if not isinstance(space, TableSpace):
        return []
    names = ", ".join(variable.name for variable in space.variables if variable.kind == "label")
    told = [f"{names}: words that only name rows; no model looks at them"] if names else []
    return [f"a list of {len(space.designs)} candidates; generators take no part", *told]


def status(
    name: Name,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """The state of a campaign: iterations, queue, dataset, and what was done to it as it went on.

    For example: alloyloop status quickstart
    """
    from loop.people.steering import act_text  # late: `check` needs no database
    from loop.review.report import iteration_table, status_document  # late: `check` needs no database
    from loop.store import CampaignStore  # late: `check` needs no database

    with CampaignStore.open(campaign_database(directory, name)) as store:
        document = status_document(store)
        acts = [act_text(act, store) for act in store.acts()]
    if json_:
        print_json(document)
        return
    console = out()
    console.print(f"{document['name']}: {document['state']}, {document['observations']} observations", markup=False)
    console.print(iteration_table(document["iterations"], document["measure"]))
    console.print("queue: " + (", ".join(f"{n} {state}" for state, n in document["queue"].items() if n) or "empty"))
    console.print(f"dataset digest {document['dataset_digest']}", markup=False, soft_wrap=True)
    for line in acts:
        console.print(line, markup=False, soft_wrap=True)


def best(
    name: Name,
    top: Annotated[int, typer.Option(min=1, help="how many alloys")] = 10,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """The best alloys so far, validated and as the model had predicted them.

    For example: alloyloop best quickstart --top 5
    """
    from loop.review.report import best_document, best_tables, changes_text  # late: `check` needs no database
    from loop.store import CampaignStore  # late: `check` needs no database
    from loop.view import view_of  # late: `check` needs no database

    with CampaignStore.open(campaign_database(directory, name)) as store:
        view = view_of(store)
        changes = "" if json_ else changes_text(store, view)
    if json_:
        print_json(best_document(view, top))
        return
    console = out()
    console.print(fitted(best_tables(view, top), console))
    if changes:
        console.print(changes, markup=False, soft_wrap=True)
