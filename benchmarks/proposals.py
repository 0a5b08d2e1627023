"""What each family proposes in the loop: the feasible share, by validation, among its candidates after iteration 3.

    python -m benchmarks.proposals [--count 200] [--seed 0] [--families a,b]

The default campaign runs to iteration 3; then every family is trained on what is known and proposes for targets
beyond the front, as it would in iteration 4. Random compositions of the space stand beside them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from alloys.space import Space, Units
from benchmarks.processes import CONFIG, run
from generators.base import FAMILIES
from loop import steps
from loop.assembly import start_table
from loop.campaign import Campaign
from loop.config import load_config
from loop.view import View
from validation.base import Validator


def feasible(view: View, validator: Validator, units: Units) -> tuple[int, int]:
    """How many of some compositions pass the closed forms, and how many of them validation finds feasible."""
    passed = units[steps.passes_closed_forms(view.space, view.goal, units)]
    unknown = [c for c in view.goal.constraints if c not in view.goal.closed_form_constraints]
    found = 0
    for row in passed:
        measured = getattr(validator.validate(view.space.composition(row)), "properties", {})
        values = {name: quantity.value for name, quantity in measured.items()}
        found += bool(values) and all(c.sign * (values[c.name] - c.bound) >= 0 for c in unknown)
    return len(passed), found


def distinct(space: Space, units: Units, known: Units, count: int) -> Units:
    """The first ``count`` distinct new rows."""
    seen = set(space.keys(known))
    rows = []
    for row, key in zip(units, space.keys(units), strict=True):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return np.array(rows[:count], dtype=np.int64).reshape(-1, space.dimension)


def main() -> None:
    """Prints a line for each family and one for chance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", default=",".join(FAMILIES))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if run(folder, CONFIG, "--seed", str(given.seed), "--iterations", "3").status != 0:
            raise RuntimeError((folder / "run.log").read_text())
        config = load_config(CONFIG, [f"directory={folder / 'campaigns'}"], seed=given.seed)
        with Campaign.open(config) as campaign:
            view, validator = campaign.view(), campaign.validator
            known = steps.known_compositions(view, start_table(config.start))
            if validator is None:
                raise RuntimeError("the default campaign has a validator")
            print(f"{given.count} distinct new candidates each, after iteration 3, seed {given.seed}")
            print("family      pass closed forms   feasible")
            for family in given.families.split(","):
                model = steps.training_job(config, view, known, 4, family, {}).run().generator()
                pool = steps.propose(config, view, known, [(model, 2 * given.count)], 4)
                units = distinct(view.space, pool.units[pool.origins == model.name], known.units, given.count)
                passed, found = feasible(view, validator, units)
                print(f"{family:<10}  {passed / len(units):>17.1%}   {found / len(units):>8.1%}", flush=True)
            units = view.space.sample(given.count, np.random.default_rng(given.seed))
            passed, found = feasible(view, validator, units)
            print(f"{'random':<10}  {passed / len(units):>17.1%}   {found / len(units):>8.1%}", flush=True)


if __name__ == "__main__":
    main()
