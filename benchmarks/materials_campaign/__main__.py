"""What a campaign saves that begins from the materials table of an earlier one.

    python -m benchmarks.materials_campaign [configs/refractory.yaml] [--seed 0] [--iterations N] [--new 1] [--folder F]

The campaign runs four times on one table, each time with a validator that counts what it is asked:

- alone: without the key `materials`;
- first: with an empty table, to which it writes its verdicts;
- answered: from the table of the first, `known: answer`, to the same last iteration;
- taught: from the same table, `known: teach` and `start.validate: auto`, for a few new iterations.

Printed are the calls of the validator and how many of these were for designs that the table knew, the dataset digest
at the end (taught: before anything new), the alloys on the front and the hypervolume, and CPU seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loop.campaign import Campaign
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.review.report import front_first
from tests.support.materials.counting import Counting


@dataclass(frozen=True)
class Outcome:
    """What a campaign came to.

    Attributes:
        name: of the run.
        iterations: its last one.
        known: the designs that it has verdicts on.
        asked: the designs that its validator was asked of.
        digest: of its dataset.
        front: designs that are feasible and that no other is better than.
        hypervolume: of these.
        seconds: of the processor.
        begun: what it came to before anything was proposed; None where that is nothing.
    """

    name: str
    iterations: int
    known: frozenset[str]
    asked: tuple[str, ...]
    digest: str
    front: frozenset[str]
    hypervolume: float
    seconds: float
    begun: Outcome | None = None


def _standing(campaign: Campaign, name: str, asked: tuple[str, ...], seconds: float) -> Outcome:
    view = campaign.view()
    best, on_front, _ = front_first(view, len(view.rows))
    front = frozenset(row.design.canonical() for row in best[:on_front])
    known = frozenset(row.design.canonical() for row in view.rows)
    volume, digest = view.hypervolume(view.rows), campaign.store.dataset_digest()
    return Outcome(name, campaign.config.iterations, known, asked, digest, front, volume, seconds)


def run(config: CampaignConfig, name: str, **changes: Any) -> Outcome:
    """A campaign with some keys of its configuration changed, to its end."""
    document = {**config.model_dump(by_alias=True), **changes, "name": name}
    began, executor = time.process_time(), Counting()
    with Campaign.open(CampaignConfig.model_validate(document)) as campaign:
        begun = _standing(campaign, name, (), 0.0) if campaign.store.observations() else None
        Driver(campaign, executor).run(campaign.config.iterations)
        used = time.process_time() - began
        found = _standing(campaign, name, tuple(executor.asked), used)
    return Outcome(**{**vars(found), "begun": begun})


def compare(config: CampaignConfig, table: Path, new: int, tell: Callable[[str], None] = print) -> dict[str, Outcome]:
    """The four runs, by name; each is told as it ends."""
    place = {"table": str(table)}
    taught = {"validate": "auto", "from_table": config.start.from_table, "table": config.start.table}
    runs: dict[str, dict[str, Any]] = {
        "alone": {"materials": None},
        "first": {"materials": place},
        "answered": {"materials": {**place, "known": "answer"}},
        "taught": {"materials": place, "start": taught, "iterations": new},
    }
    tell(f"{'run':16}{'calls':>6}{'known':>6}  {'dataset digest':16}{'front':>6}{'hypervolume':>12}{'CPU s':>8}")
    found: dict[str, Outcome] = {}
    for name, changes in runs.items():
        found[name] = run(config, name, **changes)
        for each in (found[name].begun, found[name]):
            if each is not None:
                tell(_line(each, found.get("first", each), before=each is found[name].begun))
    return found


def _line(outcome: Outcome, first: Outcome, *, before: bool) -> str:
    known = sum(design in first.known for design in outcome.asked) if outcome.name not in ("alone", "first") else 0
    head = f"{outcome.name + ', at start' * before:16}{len(outcome.asked):6}{known:6}  {outcome.digest[:14]:16}"
    same = "same front as first" * (outcome.front == first.front and outcome.name != "first")
    return f"{head}{len(outcome.front):6}{outcome.hypervolume:12.2f}{outcome.seconds:8.0f}  {same}".rstrip()


def main() -> None:
    """Compares them for one configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", type=Path, default=Path("configs/refractory.yaml"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, help="of the first ones; the configuration's if not given")
    parser.add_argument("--new", type=int, default=1, help="iterations of the taught one")
    parser.add_argument("--folder", type=Path, help="where the campaigns are kept")
    given = parser.parse_args()
    config = load_config(given.config)
    with tempfile.TemporaryDirectory() as folder:
        place = given.folder or Path(folder)
        changes = {"seed": given.seed, "directory": str(place), "iterations": given.iterations or config.iterations}
        local = {"cluster": {"executor": "local"}, "tracking": {"enabled": False}}
        whole = CampaignConfig.model_validate({**config.model_dump(by_alias=True), **changes, **local})
        compare(whole, place / "materials.db", given.new)


if __name__ == "__main__":
    main()
