"""What an alloy is expected to gain beside those that are known and waited for, by samples of the joint posterior.

With several objectives that is the constrained noisy expected hypervolume improvement, with one the constrained noisy
expected improvement, and where nothing feasible is known the chance of the first feasible alloy. Without objectives it
is the chance of one more feasible alloy unlike the others (`surrogates.choosing.packing`). BoTorch's acquisition
functions estimate the same, but build the boxes of every sample's front anew whenever the waiting alloys change, and
draw the alloys known again with each candidate. Here both are kept, and a candidate is drawn given them.

References:
    Daulton, Balandat & Bakshy, NeurIPS 2021: noisy expected hypervolume improvement, constrained.
    Wilson, Hutter & Deisenroth, NeurIPS 2018: greedy batches, each choice given the samples of those before it.
    Owen, ACM Trans. Model. Comput. Simul. 8 (1998) 71: quasi Monte Carlo in many dimensions, a few at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from alloys.distances import places_of_inputs
from alloys.problem import Problem
from alloys.space import Bools, Floats
from surrogates.choosing.fronts import Fronts, fronts_of
from surrogates.choosing.packing import Packing
from surrogates.choosing.screen import optimistic
from surrogates.choosing.table import Table, build_table
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Indices = NDArray[np.int64]

WORTHLESS = -50.0
"""Score at and below which no sample of an alloy gains anything; there the nearest to a gain comes first."""

_JITTERS = (1e-8, 1e-6, 1e-4)


@dataclass(frozen=True, slots=True)
class AcquisitionSettings:
    """How an acquisition function is taken.

    Attributes:
        reference: signed reference point, shape ``(objectives,)``.
        samples: quasi Monte Carlo samples; a power of two.
        seed: their seed.
        feasibility: whether the chance of finding anything feasible is wanted instead of improvement.
    """

    reference: Floats
    samples: int
    seed: int
    feasibility: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """Where the rows of a table lie, and how far apart those must be that count.

    Attributes:
        places: as `alloys.distances.places` gives them, shape ``(N, k)``.
        resolution: at.%.
    """

    places: Floats
    resolution: float


@cache
def _variates(settings: tuple[int, int], latents: int, step: int) -> Floats:
    """Standard normal samples ``(samples, latents)`` of the alloy that is drawn as the ``step``-th."""
    samples, seed = settings
    rng = np.random.default_rng([seed, step])
    from scipy.stats import qmc  # late: it imports for most of a second

    drawn = qmc.Sobol(latents, seed=rng).random(samples) if latents else np.zeros((samples, 0))
    # Unless the order is mixed, two scramblings of one sequence go together.
    return np.asarray(ndtri(rng.permutation(drawn)))


class Criterion:
    """The logarithm of what candidates of a table gain, given alloys that are waited for.

    Rows of the table are the candidates, then pending alloys, then the feasible incumbents. An alloy that is waited for
    keeps the samples by which it was valued.

    Attributes:
        scales: sizes of the objectives, shape ``(objectives,)``.
    """

    scales: Floats

    def __init__(
        self,
        table: Table,
        settings: AcquisitionSettings,
        scales: Floats,
        *,
        candidates: int,
        fronts: Fronts | None = None,
        packed: Packed | None = None,
    ) -> None:
        """Takes the table and how many of its rows are candidates; the fronts of the others, where they are known."""
        self.scales = np.ones(1) if settings.feasibility else scales
        self._table, self._settings, self._packed = table, settings, packed
        self._known = [*range(candidates, len(table.means))]
        self._among_known = fronts
        self.wait_for([])

    @classmethod
    def build(
        cls,
        surrogate: Surrogate,
        problem: Problem,
        described: Described,
        settings: AcquisitionSettings,
        *,
        candidates: int,
        waiting: int,
        like: Criterion | None = None,
    ) -> Criterion:
        """Builds the table and the acquisition function for it.

        Args:
            surrogate: the models.
            problem: objectives and constraints.
            described: candidates, pending alloys and incumbents, in this order.
            settings: how it is taken.
            candidates: number of the first.
            waiting: number of the second.
            like: one for other candidates with the same settings, pending alloys and incumbents, if there is one: it
                spares their fronts.
        """
        validated = len(described) - candidates - waiting
        table = build_table(surrogate, problem, described, settings.reference, validated)
        packed = None
        if problem.goal.any_feasible and not settings.feasibility:
            packed = Packed(places_of_inputs(problem.space, described.inputs), problem.goal.resolution)
        if like is not None:
            return cls(table, settings, like.scales, candidates=candidates, fronts=like._among_known, packed=packed)
        if problem.goal.any_feasible:
            return cls(table, settings, np.ones(1), candidates=candidates, packed=packed)
        hopes = optimistic(surrogate, problem, described, 1.0)
        scales = np.maximum((hopes - settings.reference).max(axis=0, initial=0.0), 1e-6)
        return cls(table, settings, scales, candidates=candidates)

    @property
    def notes(self) -> tuple[str, ...]:
        """Approximations in words."""
        return (self._fronts.note,) if self._fronts.note else ()

    def wait_for(self, rows: Sequence[int]) -> None:
        """Counts these rows as chosen, in this order, besides the pending ones."""
        waited = np.array([*self._known, *rows], dtype=np.int64)
        covariance = self._table.covariances[:, waited[:, None], waited]
        self._waited, self._root = waited, _root(covariance)
        latents, samples = covariance.shape[0], self._settings.samples
        steps = [self._step(step) for step in range(len(waited))]
        self._drawn = np.stack(steps) if steps else np.zeros((0, samples, latents))
        moved = np.einsum("lij,jsl->sil", self._root, self._drawn)
        values, good, _ = self._outcomes(waited, self._table.means[waited] + moved)
        known = len(self._known)
        if self._among_known is None:
            self._among_known = self._fronts_of(values[:, :known], good[:, :known])
        self._fronts = self._among_known
        for i in range(known, len(waited)):
            self._fronts = self._fronts.joined(values[:, i], good[:, i])

    def values(self, rows: Indices) -> Floats:
        """Log expected gain of each row, in the objectives' units, shape ``(len(rows),)``; see `WORTHLESS`."""
        values, good, violations = self._outcomes(rows, self._given(rows))
        gains = self._fronts.gains(values, good).mean(axis=0)
        found = np.maximum(np.log(np.maximum(gains, 1e-300)), WORTHLESS)
        idle = np.flatnonzero(found <= WORTHLESS)
        if len(idle):
            lacking = self._fronts.shortfalls(values[:, idle], self.scales)
            found[idle] = WORTHLESS - np.maximum(lacking, violations[:, idle]).min(axis=0)
        return np.asarray(found)

    def _fronts_of(self, values: Floats, good: Bools) -> Fronts:
        if self._packed is None:
            return fronts_of(values, good, self.scales)
        return Packing.of(values[0], good, self._packed.resolution)

    def _step(self, step: int) -> Floats:
        return _variates((self._settings.samples, self._settings.seed), len(self._table.covariances), step)

    def _given(self, rows: Indices) -> Floats:
        """Latents ``(samples, n, l)`` of rows, each drawn as if it came next after those that are waited for."""
        covariances, next_one = self._table.covariances, self._step(len(self._waited))
        found = np.empty((self._settings.samples, len(rows), len(covariances)))
        for i, (covariance, root) in enumerate(zip(covariances, self._root, strict=True)):
            half = solve_triangular(root, covariance[np.ix_(self._waited, rows)], lower=True)
            left = np.maximum(covariance[rows, rows] - (half**2).sum(axis=0), 0.0)
            found[..., i] = self._table.means[rows, i] + self._drawn[..., i].T @ half
            found[..., i] += next_one[:, [i]] * np.sqrt(left)
        return found

    def _outcomes(self, rows: Indices, latents: Floats) -> tuple[Floats, Bools, Floats]:
        """Objectives above the reference ``(samples, n, objectives)``, which are feasible and by how much others not.

        The last two have shape ``(samples, n)``. Where the first feasible alloy is wanted, all are worth the same;
        where different ones are, the first are their places.
        """
        outputs = self._table.outputs(rows, latents)
        objectives = len(self._settings.reference)
        violations = outputs[..., objectives:].max(axis=-1, initial=0.0)
        values = np.ones((*violations.shape, 1)) if self._settings.feasibility else outputs[..., :objectives]
        if self._packed is not None:
            places = self._packed.places[rows]
            values = np.broadcast_to(places, (len(violations), *places.shape))
        return values, violations <= 0.0, violations


def _root(covariance: Floats) -> Floats:
    """Cholesky factors of ``(l, n, n)`` covariances, with as much jitter as it takes."""
    variances = covariance.diagonal(axis1=1, axis2=2)
    unit = np.maximum(variances.max(axis=1, initial=0.0), 1e-18)[:, None, None] * np.eye(covariance.shape[-1])
    for jitter in _JITTERS:
        try:
            return np.linalg.cholesky(covariance + jitter * unit)
        except np.linalg.LinAlgError:
            continue
    return np.sqrt(np.maximum(variances, 0.0))[..., None] * np.eye(covariance.shape[-1])
