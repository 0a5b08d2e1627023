"""Two fidelities that are both CALPHAD: the project's database as the cheap one, another as the dear one.

    python -m benchmarks.fidelity --tdb FILE [--cheap 60] [--dear 4 8 16] [--unseen 40] [--seed 0]

Random alloys of the default space that hold its constraints in closed form. The dear ones are the first of the cheap
ones, as gates make it; errors are of alloys that neither has seen, against the dear database. Prints root mean square
error, mean standard deviation and coverage of the nominal 90 % intervals of the dear data alone, and of both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from alloys.records import Measured  # noqa: E402
from alloys.space import AlloySpace, Points  # noqa: E402
from loop.config.assembly import build_problem  # noqa: E402
from loop.config.reading import load_config  # noqa: E402
from surrogates.model.calibration import HALF_WIDTH  # noqa: E402
from surrogates.model.fidelity import FidelityData, FidelityOutput, fit_fidelities  # noqa: E402
from surrogates.model.surrogate import Surrogate  # noqa: E402
from validation.base import Validator  # noqa: E402
from validation.registry import make_validator  # noqa: E402

Floats = NDArray[np.float64]
NAMES = ("solidus", "freezing_range", "bcc_fraction_1300c")


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answers(validator: Validator, space: AlloySpace, points: Points) -> dict[str, Floats]:
    """What a validator says of alloys, by property, shape ``(n,)``; NaN where it failed."""
    verdicts = [validator.validate(space.design(row)) for row in points]
    return {
        name: np.array([v.properties[name].value if isinstance(v, Measured) else np.nan for v in verdicts])
        for name in NAMES
    }


def figures(model: Surrogate, fractions: Floats, truth: dict[str, Floats], name: str) -> str:
    """Error, standard deviation and coverage of one property."""
    means, stds = model.predict(fractions)
    low, high = model.intervals(fractions, HALF_WIDTH)
    known = np.isfinite(truth[name])
    apart = (means[name] - truth[name])[known]
    slack = 1e-6 * np.abs(truth[name])
    inside = ((low[name] - slack <= truth[name]) & (truth[name] <= high[name] + slack))[known]
    return f"{np.sqrt((apart**2).mean()):9.4g} {stds[name].mean():9.4g} {inside.mean():6.0%}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tdb", required=True, type=Path)
    parser.add_argument("--cheap", type=int, default=60)
    parser.add_argument("--dear", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--unseen", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    config = load_config(ROOT / "configs" / "refractory.yaml")
    problem = build_problem(config)
    space = problem.space
    points = space.sample(40 * (given.cheap + given.unseen), np.random.default_rng(given.seed))
    points = points[problem.passes(points)][: given.cheap + given.unseen]
    known, unseen = points[: given.cheap], points[given.cheap :]
    cheap = answers(make_validator("calphad", {}), space, known)
    validator = make_validator("calphad", {"tdb": str(given.tdb)})
    dear, truth = answers(validator, space, known[: max(given.dear)]), answers(validator, space, unseen)
    say(f"{given.cheap} alloys by the cheap database, {len(unseen)} unseen; seed {given.seed}")
    say(f"{'':36s}{'dear alone':>26s}{'both':>28s}")
    say(f"{'property':24s}{'dear':>6s}{'':6s}" + 2 * f"{'rmse':>9s} {'std':>9s} {'90 %':>6s}  " + "rho")
    for count in given.dear:
        first = {name: column[:count] for name, column in dear.items()}
        fractions = space.fractions(known)
        alone = Surrogate.fit(problem.physics, space.elements, fractions[:count], first)
        both = fit_fidelities(
            problem.physics,
            space.elements,
            [FidelityData("cheap", fractions, cheap), FidelityData("dear", fractions[:count], first)],
        )
        for name in NAMES:
            told = [figures(model, space.fractions(unseen), truth, name) for model in (alone, both)]
            output = both.outputs[name]
            link = f"{output.link.rho:.2f} ± {output.link.rho_std:.2f}" if isinstance(output, FidelityOutput) else ""
            say(f"{name:24s}{count:6d}{'':6s}{told[0]}  {told[1]}  {link}")


if __name__ == "__main__":
    main()
