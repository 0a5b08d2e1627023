"""How near to an alloy that nobody has shown it a sampler can come, that is told the alloy's properties alone.

    python -m benchmarks.generators.heldout mpea.csv [--seeds 5] [--draws 10]

The measure is `heldout_best_of_10` of the evaluation: the best cosine of ten draws, mean over a fifth of the alloys,
held out. No network is trained. The law of compositions given properties is a kernel density: known alloys, each moved
onto the target by the oracle, weighted by a normal law of the relative errors of its own properties. Its width is the
one that does best on the known alloys, each left out in turn. Printed are

copying      the best of all known alloys, however many: as they are, and moved onto the target;
systems      how many held-out alloys have elements that no known alloy has together, and copying apart for them;
independent  the expected best of ten independent draws from the density, in closed form;
spread       ten draws of the same chances that are unlike each other (`generators.asking.spreading`);
covering     ten candidates chosen one after another so that the expected best is largest (greedy; 63 % of the gain of
             the best choice at least): no longer draws of the density;
self         the same, the held-out alloy itself being one of the known ones: what nobody who has not seen it can beat
             with a density of this width.

Then the same against the number of known alloys, up to all but the one that is asked for.

References:
    Nemhauser, G. L., Wolsey, L. A. & Fisher, M. L. (1978). An analysis of approximations for maximizing submodular set
        functions. Math. Program. 14, 265.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alloys.space import Floats
from generators.asking.refinement import project
from generators.asking.spreading import chances, spread
from generators.evaluation import protocol
from generators.evaluation.oracle import Oracle
from generators.evaluation.table import LabelledAlloys, labelled, read_table
from generators.likeness import directions

Rows = NDArray[np.int64]
WIDTHS = (0.01, 0.02, 0.03, 0.05, 0.08)
"""Relative errors of a known alloy's properties at which its weight has fallen to ``exp(-1/2)``."""

NEAREST = 150
"""Known alloys that are looked at for one target."""

WAYS = ("independent", "spread", "covering")


@dataclass(frozen=True, slots=True)
class Conditional:
    """Candidates for one target: known alloys moved onto it.

    Attributes:
        fractions: shape ``(m, d)``.
        distance: squared relative errors of the alloys as they were, shape ``(m,)``.
        cosines: to the alloy that is asked for, shape ``(m,)``.
    """

    fractions: Floats
    distance: Floats
    cosines: Floats

    @classmethod
    def of(cls, data: LabelledAlloys, oracle: Oracle, known: Rows, asked: int) -> Conditional:
        """For the properties of one alloy of the data."""
        target = data.values[asked]
        distance = ((data.values[known] / target - 1) ** 2).sum(axis=1)
        near = np.argsort(distance, kind="stable")[:NEAREST]
        moved = project(data.fractions[known[near]], np.repeat(target[None], len(near), axis=0), oracle)
        cosines = directions(moved) @ directions(data.fractions[asked][None])[0]
        return cls(moved, distance[near], cosines)

    def best(self, width: float, draws: int, rng: np.random.Generator) -> Floats:
        """Best cosine of some draws in each of the `WAYS`, shape ``(3,)``."""
        logs = -0.5 * self.distance / width**2
        return np.array(
            [
                independent(np.exp(logs - logs.max()), self.cosines, draws),
                self.cosines[spread(chances(logs, draws), self.fractions, rng)].max(),
                self.cosines[covering(np.exp(logs - logs.max()), self.fractions, draws)].max(),
            ]
        )


def independent(weights: Floats, cosines: Floats, draws: int) -> float:
    """Expected largest cosine of independent draws: its distribution function is that of one to the power of all."""
    order = np.argsort(cosines)
    below = (np.cumsum(weights[order]) / weights.sum()) ** draws
    return float((cosines[order] * np.diff(below, prepend=0.0)).sum())


def covering(weights: Floats, fractions: Floats, draws: int) -> Rows:
    """Rows chosen one after another for the largest mean, by weight, of each row's best cosine to those chosen."""
    alike = directions(fractions) @ directions(fractions).T
    best, chosen = np.zeros(len(weights)), []
    for _ in range(min(draws, len(weights))):
        gain = weights @ np.maximum(alike, best[:, None])
        chosen.append(int(gain.argmax()))
        best = np.maximum(best, alike[:, chosen[-1]])
    return np.array(chosen)


def chosen_width(data: LabelledAlloys, oracle: Oracle, known: Rows, draws: int) -> Floats:
    """The best width for each of the `WAYS` on the known alloys, each left out in turn, shape ``(3,)``."""
    rng = np.random.default_rng(0)
    tried = rng.permutation(known)[:NEAREST]
    laws = [Conditional.of(data, oracle, known[known != row], int(row)) for row in tried]
    found = np.array([np.mean([law.best(width, draws, rng) for law in laws], axis=0) for width in WIDTHS])
    return np.array(WIDTHS)[found.argmax(axis=0)]


def score(
    data: LabelledAlloys, oracle: Oracle, pairs: Sequence[tuple[Rows, int]], widths: Floats, draws: int
) -> Floats:
    """Mean best cosine over alloys, each with the rows known, in each of the `WAYS`, shape ``(3,)``."""
    rng, found = np.random.default_rng(1), []
    for known, row in pairs:
        law = Conditional.of(data, oracle, known, row)
        found.append([law.best(width, draws, rng)[k] for k, width in enumerate(widths)])
    return np.asarray(np.mean(found, axis=0))


def copying(data: LabelledAlloys, oracle: Oracle, known: Rows, test: Rows) -> str:
    """A line about copies of any known alloys, and about systems that no known alloy has."""
    alike = directions(data.fractions[test]) @ directions(data.fractions[known]).T
    moved = np.array([Conditional.of(data, oracle, known, int(row)).cosines.max() for row in test])
    present = data.fractions > 0
    seen = (present[test][:, None] == present[known][None]).all(axis=2).any(axis=1)
    best = alike.max(axis=1)
    return (
        f"{best.mean():.3f} ({moved.mean():.3f} moved onto the target); elements not seen together "
        f"{1 - seen.mean():.0%}: {best[~seen].mean():.3f}, the others {best[seen].mean():.3f}"
    )


def told(name: str, values: Floats) -> str:
    return f"{name:34s}" + "".join(f"{value:13.4f}" for value in values)


def main() -> None:
    """Prints everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    data = labelled(read_table(given.data), source=str(given.data))
    oracle, every = Oracle.of(data), np.arange(len(data.points))
    splits = [protocol.split(data, 0.2, seed) for seed in range(given.seeds)]
    print(f"{len(every)} alloys, {given.draws} draws; copying:")
    for seed, (known, test) in enumerate(splits):
        print(f"  seed {seed}: {copying(data, oracle, known, test)}")
    print(" " * 34 + "".join(f"{way:>13s}" for way in WAYS))
    scores = []
    for seed, (known, test) in enumerate(splits):
        widths = chosen_width(data, oracle, known, given.draws)
        scores.append(score(data, oracle, [(known, int(row)) for row in test], widths, given.draws))
        print(told(f"seed {seed}, widths {', '.join(map(str, widths))}", scores[-1]), flush=True)
    print(told("median", np.median(scores, axis=0)))
    known, test = splits[0]
    widths = chosen_width(data, oracle, known, given.draws)
    print(told("seed 0, self", score(data, oracle, [(every, int(row)) for row in test], widths, given.draws)))
    order = np.random.default_rng(0).permutation(known)
    for share in (0.25, 0.5, 1.0):
        some = np.sort(order[: round(share * len(order))])
        found = score(data, oracle, [(some, int(row)) for row in test], widths, given.draws)
        print(told(f"seed 0, {len(some)} known", found), flush=True)
    pairs = [(every[every != row], int(row)) for row in test]
    print(told(f"seed 0, {len(every) - 1} known", score(data, oracle, pairs, widths, given.draws)))


if __name__ == "__main__":
    main()
