"""What millions of drawn formulas are like, seen part by part so that they need little memory.

Each share has its own denominator:

- **unique**: distinct formulas, of all that were drawn;
- **novel**: distinct formulas that were not learned from, of all distinct ones;
- **balanced**: neutral and balanced ones, of all that were drawn;
- **recovered**: held-out formulas that were drawn, of all that were held out;
- **recovered among new**: likewise, among the first so many **new** formulas, which are neutral and balanced, not
  learned, and not drawn before. A campaign looks at no others, so entrants that repeat themselves, or that draw what
  cannot be, lose nothing here.

References:
    Dan, Y. et al. (2020). Generative adversarial networks (GAN) based efficient sampling of chemical composition space
        for inverse design of inorganic materials. npj Comput. Mater. 6, 84.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alloys.space import Floats, Points
from alloys.space.formula.rules import IonicRules
from generators.evaluation.formulas.baselines import row_hashes

CHUNK = 20_000
"""Formulas that are drawn at a time."""

STEPS = (2_000, 20_000, 200_000)
"""Numbers of draws whose finds are told, beside all of them."""

Draw = Callable[[int, int], Points]
"""Draws so many formulas from a seed, shape ``(n, d)``; fewer where some were given up."""


@dataclass(frozen=True, slots=True)
class FormulaMeasures:
    """Shares of what was drawn, fractions of 1.

    Attributes:
        draws: formulas that were drawn.
        unique: distinct ones, of the draws.
        novel: distinct ones that were not learned, of the distinct ones.
        novel_draws: draws that were not learned, of the draws.
        balanced: neutral and balanced ones, of the draws.
        balanced_unique: likewise of the distinct ones.
        recovered: held-out formulas that were drawn, of those held out, by number of draws.
        recovered_new: likewise by number of new formulas, up to all of them.
        pair_correlation: of the shares of pairs of elements, drawn and known (Pearson).
        pair_distance: total variation distance of these shares.
        seconds: CPU seconds of drawing.
        memory: the largest resident memory of the process, GB.
    """

    draws: int
    unique: float
    novel: float
    novel_draws: float
    balanced: float
    balanced_unique: float
    recovered: dict[int, float]
    recovered_new: dict[int, float]
    pair_correlation: float
    pair_distance: float
    seconds: float
    memory: float


def measure(draw: Draw, samples: int, known: Points, held_out: Points, rules: IonicRules, seed: int) -> FormulaMeasures:
    """Draws and measures.

    Args:
        draw: what is measured.
        samples: formulas to draw.
        known: formulas learned from, shape ``(n, d)``.
        held_out: formulas to find, shape ``(m, d)``.
        rules: of the same elements.
        seed: of the draws.
    """
    hashes, balanced = [], []
    pairs, seconds = np.zeros((known.shape[1],) * 2), 0.0
    seeds = np.random.SeedSequence(seed).generate_state(-(-samples // CHUNK))
    for start, own in zip(range(0, samples, CHUNK), seeds.tolist(), strict=True):
        began = time.process_time()
        points = draw(min(CHUNK, samples - start), own)
        seconds += time.process_time() - began
        hashes.append(row_hashes(points))
        balanced.append(rules.balanced(points))
        pairs += pair_counts(points)
    drawn, good = np.concatenate(hashes), np.concatenate(balanced)
    distinct, first = np.unique(drawn, return_index=True)
    learned = row_hashes(known)
    first_new = np.sort(first[good[first] & ~np.isin(distinct, learned)])
    real = pair_shares(pair_counts(np.concatenate([known, held_out])))
    got = pair_shares(pairs)
    return FormulaMeasures(
        draws=len(drawn),
        unique=len(distinct) / len(drawn),
        novel=float((~np.isin(distinct, learned)).mean()),
        novel_draws=float((~np.isin(drawn, learned)).mean()),
        balanced=float(good.mean()),
        balanced_unique=float(good[first].mean()),
        recovered=_recovered(drawn, held_out),
        recovered_new=_recovered(drawn[first_new], held_out),
        pair_correlation=float(np.corrcoef(got, real)[0, 1]),
        pair_distance=float(np.abs(got - real).sum() / 2),
        seconds=seconds,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    )


def _recovered(drawn: np.ndarray[tuple[int], np.dtype[np.uint64]], held_out: Points) -> dict[int, float]:
    """The share of held-out formulas among the first so many hashes, by their number."""
    wanted = row_hashes(held_out)
    return {n: float(np.isin(wanted, drawn[:n]).mean()) for n in (*(n for n in STEPS if n < len(drawn)), len(drawn))}


def pair_counts(points: Points) -> Floats:
    """How many formulas have both of two elements, shape ``(d, d)``."""
    there = (points > 0).astype(np.float32)
    return np.asarray(there.T @ there, dtype=np.float64)


def pair_shares(counts: Floats) -> Floats:
    """The share of each pair of elements among all pairs, shape ``(d (d - 1) / 2,)``."""
    upper = counts[np.triu_indices(len(counts), 1)]
    return np.asarray(upper / max(upper.sum(), 1.0))
