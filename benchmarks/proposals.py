"""What each family proposes in the loop: the feasible share, by validation, among its candidates after iteration 3.

    python -m benchmarks.proposals [--count 200] [--seeds 3] [--families a,b] [--guided]

The default campaign runs to iteration 3; then every family is trained on what is known and proposes for targets
beyond the front, as it would in iteration 4; with ``--guided`` also with its candidates moved to their targets.
Random compositions of the space, ten times as many, stand beside them. Seeds are those of the campaign.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alloys.space import AlloySpace, Points
from generators.registry import family_names
from loop.campaign import Campaign
from loop.choose import steps
from loop.choose.fitting import fit_surrogate
from loop.choose.guidance import guidance_of
from loop.choose.training import train_generator
from loop.config.assembly import start_table
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.view import View
from tests.support.processes import CONFIG, run
from validation.base import Validator
from validation.registry import make_validator

RANDOM = 10
"""Random compositions for each candidate of a family, as so few of them are feasible."""


def feasible(view: View, validator: Validator, points: Points) -> tuple[int, int]:
    """How many of some compositions pass the closed forms, and how many of them validation finds feasible."""
    passed = points[view.problem.passes(points)]
    unknown = view.problem.validated_constraints
    found = 0
    for row in passed:
        measured = getattr(validator.validate(view.space.design(row)), "properties", {})
        values = {name: quantity.value for name, quantity in measured.items()}
        found += bool(values) and all(c.met(values) for c in unknown)
    return len(passed), found


def distinct(space: AlloySpace, points: Points, known: Points, count: int) -> Points:
    """The first ``count`` distinct new rows."""
    seen = set(space.keys(known))
    rows = []
    for row, key in zip(points, space.keys(points), strict=True):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return np.array(rows[:count], dtype=np.int64).reshape(-1, space.dimension)


def candidates(config: CampaignConfig, view: View, family: str, count: int, guided: bool) -> Points:
    """Distinct new candidates of a family trained on all that is known, as iteration 4 would have them."""
    known = steps.known_compositions(view, start_table(config.start, view.problem.physics))
    model = train_generator(steps.training_job(view, known, 4, family, {})).generator()
    guidance = guidance_of(view, known, fit_surrogate(view)) if guided else None
    draws = 2 * count * (guidance.draws if guidance else 1)
    pool = steps.propose(view, known, [(model, draws)], 4, guidance)
    return distinct(view.space, pool.points[pool.origins == model.name], known.points, count)


def one_seed(seed: int, families: Sequence[str], count: int, guided: bool) -> dict[str, tuple[float, float]]:
    """By kind of candidates: the share that passes the closed forms, and the feasible share."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if run(folder, CONFIG, "--seed", str(seed), "--iterations", "3", "--set", "tracking.enabled=false").status != 0:
            raise RuntimeError((folder / "run.log").read_text())
        config = load_config(CONFIG, [f"directory={folder / 'campaigns'}"], seed=seed)
        with Campaign.open(config) as campaign:
            view, validator = campaign.view(), make_validator(config.validator.name, config.validator.settings)
            kinds = {family: (family, False) for family in families}
            kinds |= {f"{family}, guided": (family, True) for family in families} if guided else {}
            pools = {label: candidates(config, view, family, count, aimed) for label, (family, aimed) in kinds.items()}
            pools["random"] = view.space.sample(RANDOM * count, np.random.default_rng(seed))
            for label, points in pools.items():
                passed, good = feasible(view, validator, points)
                found[label] = (passed / max(1, len(points)), good / max(1, len(points)))
                print(f"  seed {seed} {label:<17} {len(points):>4} candidates {good:>4} feasible", flush=True)
    return found


def _cell(shares: Sequence[float]) -> str:
    return f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def main() -> None:
    """Prints a line for each family, guided too where asked, and one for chance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", default=",".join(family_names()))
    parser.add_argument("--guided", action="store_true")
    given = parser.parse_args()
    families = given.families.split(",")
    runs = [one_seed(seed, families, given.count, given.guided) for seed in range(given.seeds)]
    print(f"{given.count} distinct new candidates each, after iteration 3; mean and range over {given.seeds} seeds")
    chance = np.mean([found["random"][1] for found in runs])
    print(f"{'':<18} {'pass closed forms':>28} {'feasible':>28}   against random")
    for label in runs[0]:
        passed, good = ([found[label][k] for found in runs] for k in (0, 1))
        times = f"{np.mean(good) / chance:.1f} times" if chance else "random has none"
        print(f"{label:<18} {_cell(passed):>28} {_cell(good):>28}   {times}")


if __name__ == "__main__":
    main()
