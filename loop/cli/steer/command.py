"""``alloyloop pause``, ``resume``, ``stop``, ``add``, ``exclude``, ``change``: what a campaign is to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loop.cli.console import Chosen, Json, chosen_variables, err, print_json, who
from loop.config.lookup import Directory, Name, campaign_database

if TYPE_CHECKING:
    from loop.people.steering import Steered
    from loop.store import CampaignStore

By = Annotated[str | None, typer.Option(help="who does it, for the log; the user's name if not given")]
Why = Annotated[str, typer.Option(help="a reason, for the log")]

_DIRECTORY = Path("campaigns")


@contextmanager
def _store(directory: Path, name: str) -> Iterator[CampaignStore]:
    from loop.store import CampaignStore  # late, for a light start: with the database's libraries

    with CampaignStore.open(campaign_database(directory, name)) as store:
        yield store


def _told(done: Steered, json_: bool) -> None:
    if json_:
        print_json(done.document())
    else:
        err().print("\n".join(done.lines), markup=False, soft_wrap=True)


def pause(name: Name, why: Why = "", by: By = None, json_: Json = False, directory: Directory = _DIRECTORY) -> None:
    """Hands out nothing new until `alloyloop resume`; what runs is finished, and the run waits.

    For example: alloyloop pause quickstart
    """
    from loop.people.steering import pause as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, who=who(by), why=why), json_)


def resume(name: Name, why: Why = "", by: By = None, json_: Json = False, directory: Directory = _DIRECTORY) -> None:
    """Lets a paused campaign go on, or takes back a `stop` that is still to come.

    For example: alloyloop resume quickstart
    """
    from loop.people.steering import resume as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, who=who(by), why=why), json_)


def stop(name: Name, why: Why = "", by: By = None, json_: Json = False, directory: Directory = _DIRECTORY) -> None:
    """Ends the run after the iteration that was begun last; `alloyloop run` goes on from there.

    For example: alloyloop stop quickstart
    """
    from loop.people.steering import stop as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, who=who(by), why=why), json_)


def add(
    name: Name,
    formula: Annotated[str, typer.Argument(help="an alloy of the campaign's space")],
    variable: Chosen = None,
    why: Why = "",
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """An alloy by hand joins the validations of the iteration under way, or of the next one.

    For example: alloyloop add quickstart Nb45Ta25Ti30 --why "our own guess"
    """
    from loop.people.steering import add as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, formula, chosen_variables(variable), who=who(by), why=why), json_)


def exclude(
    name: Name,
    element: Annotated[str | None, typer.Option(metavar="SYMBOL", help="no alloy with this element")] = None,
    region: Annotated[
        str | None, typer.Option(metavar="INEQUALITY", help="no alloy of which this holds, as 'x_Hf > 0.2'")
    ] = None,
    why: Why = "",
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Alloys with an element or in a region are no longer proposed; those that wait in the queue are withdrawn.

    For example: alloyloop exclude quickstart --region 'x_Hf > 0.2'
    """
    from loop.people.steering import exclude as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, element=element, region=region, who=who(by), why=why), json_)


def change(
    name: Name,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="as 'solidus >= 2200', 'minimize density', 'batch 12'")],
    why: Why = "",
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Another limit of a constraint, direction or target of an objective, or size of a batch, from now on.

    For example: alloyloop change quickstart 'batch 12'
    """
    from loop.people.steering import change as do  # late, for a light start: with the database

    with _store(directory, name) as store:
        _told(do(store, what, who=who(by), why=why), json_)
