"""Stop rules against known fronts: what is left to be won when each of them speaks.

    python -m benchmarks.stop_rules [--seeds 2] [--first 0] [--candidates 400] [--iterations 12]

Three problems over lists of candidates whose true values are known, and with them the whole front. A campaign of each
is run to the end of its budget. Before every batch each rule is asked whether it would stop there. What is left is the
share of the hypervolume at the end of the budget that the campaign would still have won; the whole front's is told
beside it. Limits on validations, money and hours are budgets themselves, so nothing within them is left.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common.synthetic import SPACE, truth
from loop.campaign import Campaign
from loop.choose.proposal import Chosen
from loop.config.schema import CampaignConfig
from loop.config.steering.stopping import StopConfig
from loop.drive.stop_rules import StopRules

START, BATCH, PROMISED = 16, 8, 0.02
PROBLEMS: Mapping[str, dict[str, Any]] = {
    "two objectives, three constraints": {
        "physics": "generic",
        "objectives": ["maximize specific_yield_strength_1300c", "maximize solidus"],
        "constraints": ["freezing_range <= 300", "yield_strength_1300c >= 60", "bcc_fraction_1200c >= 0.99"],
        "reference_point": {"specific_yield_strength_1300c": 0.0, "solidus": 1800.0},
    },
    "one objective": {
        "physics": "generic",
        "objectives": ["maximize solidus"],
        "constraints": ["freezing_range <= 250", "density <= 11"],
        "reference_point": {"solidus": 1800.0},
    },
    "three objectives": {
        "physics": "generic",
        "objectives": ["maximize solidus", "minimize freezing_range", "minimize density"],
        "constraints": [],
        "reference_point": {"solidus": 1800.0, "freezing_range": 600.0, "density": 15.0},
    },
}
RULES: Mapping[str, StopConfig] = {
    **{f"no_gain: {count}": StopConfig(no_gain=count) for count in (2, 3, 4, 5)},
    **{f"gain: {share:g}": StopConfig(gain=share) for share in (0.01, 0.003, 0.001, 0.0003)},
}


def one_campaign(problem: Mapping[str, Any], seed: int, candidates: int, iterations: int) -> dict[str, Any]:
    """Runs a campaign to the end of its budget.

    Returns:
        ``volumes`` by closed iteration, ``whole`` of all candidates, and ``stops``: the iteration before which each
        rule speaks first; None where it does not.
    """
    points = np.unique(SPACE.sample(2 * candidates, np.random.default_rng([seed, 1])), axis=0)
    points = np.random.default_rng([seed, 2]).permutation(points)[:candidates]
    designs = [SPACE.design(point) for point in points]
    known = pd.DataFrame(truth(points), index=[str(design) for design in designs])
    stops: dict[str, int | None] = dict.fromkeys(RULES)
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"formula": known.index}).to_csv(Path(folder) / "list.csv", index=False)
        config = _config(problem, seed, Path(folder))
        with Campaign.open(config) as campaign:
            _answer(campaign, known, START)
            volumes = [_volume(campaign)]
            for index in range(1, iterations + 1):
                _ask(campaign, stops, index)
                _answer(campaign, known, BATCH)
                volumes.append(_volume(campaign))
            wanted = list(campaign.problem.validated)
            rest = known.loc[[str(d) for d in designs if d not in {row.design for row in campaign.view().rows}], wanted]
            campaign.observe(rest.reset_index(names="formula"))
            return {"volumes": volumes, "whole": _volume(campaign), "stops": stops}


def _config(problem: Mapping[str, Any], seed: int, folder: Path) -> CampaignConfig:
    document = {
        **problem,
        "name": "stopping",
        "seed": seed,
        "batch": BATCH,
        "space": {"kind": "table", "file": str(folder / "list.csv")},
        "start": {"validate": START, "from_table": 0.0},
        "validator": {"name": "human"},
        "cluster": {"executor": "local"},
        "tracking": {"enabled": False},
        "directory": str(folder / "campaigns"),
    }
    return CampaignConfig.model_validate(document)


def _answer(campaign: Campaign, known: pd.DataFrame, count: int) -> None:
    """The next batch with its true values."""
    table = campaign.suggest(count)[["formula"]]
    values = known.loc[table["formula"], list(campaign.problem.validated)].reset_index(drop=True)
    campaign.observe(pd.concat([table.reset_index(drop=True), values], axis=1))


def _volume(campaign: Campaign) -> float:
    view = campaign.view()
    return view.hypervolume(view.rows)


def _ask(campaign: Campaign, stops: dict[str, int | None], index: int) -> None:
    """Notes which rules would stop before a batch; the batch is chosen for that, and answered later."""
    config, view = campaign.config, campaign.view()
    campaign.suggest(BATCH)
    notes = campaign.store.iteration(index).notes
    selections = [proposal.selection for proposal in campaign.store.proposals(index)]
    chosen = Chosen(selections, {"screening": {"mode": notes.screening.mode}}, ())
    for name, stop in RULES.items():
        campaign.config = config.model_copy(update={"stop": stop})
        rules = StopRules(campaign)
        if stops[name] is None and (rules.before(index) or rules.after(chosen, view)):
            stops[name] = index
    campaign.config = config


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--candidates", type=int, default=400)
    parser.add_argument("--iterations", type=int, default=12)
    given = parser.parse_args()
    worst = dict.fromkeys(RULES, 0.0)
    for name, problem in PROBLEMS.items():
        for seed in range(given.first, given.first + given.seeds):
            found = one_campaign(problem, seed, given.candidates, given.iterations)
            volumes = found["volumes"]
            print(
                f"\n{name}, seed {seed}: {START + BATCH * given.iterations} of {given.candidates} validated; "
                f"{100 * volumes[-1] / found['whole']:.1f} % of the whole front's hypervolume at the end"
            )
            for rule, index in found["stops"].items():
                if index is None:
                    print(f"  {rule:14}  does not speak")
                    continue
                left = 1 - volumes[index - 1] / volumes[-1]
                worst[rule] = max(worst[rule], left)
                asked = START + BATCH * (index - 1)
                of_all = 100 * volumes[index - 1] / found["whole"]
                print(
                    f"  {rule:14}  after {asked:3d} validations: {100 * left:5.2f} % left within the budget, "
                    f"{of_all:5.1f} % of the whole front",
                    flush=True,
                )
    print("\nmost that any rule left to be won within the budget:")
    for rule, left in worst.items():
        print(f"  {rule:14}  {100 * left:5.2f} %{'' if left <= PROMISED else '   more than 2 %'}")


if __name__ == "__main__":
    main()
