"""``alloyloop predict`` and ``alloyloop explain``: what a campaign's models predict for single alloys, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from alloys.composition import parse_formulas
from alloys.design import Design, Value
from alloys.errors import InputError
from loop.cli.console import Chosen, Json, chosen_variables, out, print_json
from loop.config.lookup import Directory, Name, campaign_database
from loop.drive.schedule import shown_to
from loop.store import CampaignStore
from loop.view import View, view_of


def predict(
    name: Name,
    formulas: Annotated[
        list[str] | None, typer.Argument(metavar="[FORMULA...]", help="for example Nb45Ta25Ti15Hf15")
    ] = None,
    variable: Chosen = None,
    nearest: Annotated[int, typer.Option(min=0, help="how many known alloys to compare with")] = 3,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """What is known or predicted of alloys: mean, spread, probability of feasibility, nearest known alloys.

    For example: alloyloop predict quickstart Co50Mn50 CoCrNi
    """
    chosen = chosen_variables(variable)
    parse_formulas(_named(formulas, chosen))
    from loop.choose.fitting import kept_hyperparameters  # late: with torch
    from loop.review.predict import predict_document, predict_lines, predict_tables

    database = campaign_database(directory, name)
    with CampaignStore.open(database) as store:
        view = view_of(store)
    designs = [_meant(view, formula, chosen) for formula in formulas or [""]]
    with kept_hyperparameters(database):
        documents = predict_document(view, designs, nearest)
    if json_:
        print_json(documents)
        return
    console = out()
    for document in documents:
        for line in predict_lines(document):
            console.print(line, markup=False, soft_wrap=True)
        for table in predict_tables(view, document):
            console.print(table)


def explain(
    name: Name,
    formula: Annotated[
        str | None, typer.Argument(metavar="[FORMULA]", help="an alloy that was picked, or any other")
    ] = None,
    variable: Chosen = None,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """Why an alloy was selected, or what speaks for and against it now.

    For example: alloyloop explain quickstart Co50Mn50
    """
    chosen = chosen_variables(variable)
    parse_formulas(_named(formula and [formula], chosen))
    from loop.choose.fitting import kept_hyperparameters  # late: with torch
    from loop.review.explain import explain_document, explain_tables

    database = campaign_database(directory, name)
    with CampaignStore.open(database) as store, kept_hyperparameters(database):
        view = view_of(store)
        design = _meant(view, formula or "", chosen)
        hidden, acts = shown_to(store, design)
        then = view_of(store, hidden=hidden, upto=acts)
        document = explain_document(view, store.proposals(), design, then)
    if json_:
        print_json(document)
        return
    console = out()
    for part in explain_tables(document):
        console.print(part, markup=False, soft_wrap=isinstance(part, str))


def _meant(view: View, formula: str, variables: Mapping[str, Value]) -> Design:
    """The design that is named, written as those of the space are."""
    return view.config.space.shown(Design.known_as(formula, view.nameable, variables))


def _named(formulas: Sequence[str] | None, chosen: Mapping[str, Value]) -> Sequence[str]:
    """The formulas that a person gave.

    Raises:
        InputError: if there are neither these nor variables.
    """
    if not formulas and not chosen:
        raise InputError("name an alloy by its formula, or a design by --variable NAME=VALUE")
    return formulas or ()
