"""Several fidelities of one property: each level a scaled copy of the one below it plus a discrepancy of its own.

    y_t(x) = c + rho (y_{t-1}(x) - c) + delta_t(x)

The autoregressive model of Kennedy & O'Hagan, Biometrika 87 (2000) 1, eq. 1, in the recursive form of Le Gratiet &
Garnier, Int. J. Uncertainty Quantification 4 (2014) 365: the posterior of the level below is the prior mean of the
level above, and a Gaussian process models the discrepancy. With mean m and standard deviation s of the level below,

    mean = c + rho (m - c) + mean_delta,    variance = rho^2 s^2 + variance_delta + variance_rho r^2.

The last term is that of a regression coefficient with a Gaussian prior beside a Gaussian process (Rasmussen & Williams,
Gaussian Processes for Machine Learning, 2006, eqs. 2.41-2.42). The recursion is exact where every alloy of a level was
also answered by the level below, as gates make it; elsewhere it is rather too wide than too narrow.

The correlation is about ``c``, the mean of the level below at the alloys of the level above, so that the offset
is the mean of delta, and rho = 1 the plain "the lower fidelity plus an offset".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.physics.base import Elements, Physics
from alloys.space import Bools, Floats
from alloys.space.variables import Variables
from surrogates.model.choice import Fit, choosing
from surrogates.model.failures import Failures
from surrogates.model.features import NO_VARIABLES, Described, Scaling
from surrogates.model.gp import FEWEST, GP, matern
from surrogates.model.output import Inference, Output, fit_output
from surrogates.model.sparse import LEARN, ResidualPrior, fit_gp, fit_residual
from surrogates.model.surrogate import Surrogate
from surrogates.model.training import Training, describable, digest_of_fit
from surrogates.model.transfer.sharing import with_tasks
from surrogates.model.transfer.tasks import ForeignTask, describe_all
from surrogates.model.warps import scatter_about

RHO_SPREAD = 0.5
"""Standard deviation of rho about 1 before there are data."""


@dataclass(frozen=True, slots=True)
class FidelityData:
    """What one fidelity has answered.

    Attributes:
        name: the fidelity's, for the notes.
        inputs: of the designs, as `Surrogate.fit` takes them, ``n`` rows.
        values: by property that it answers, shape ``(n,)`` each; NaN where unknown.
        stds: standard deviations of some of the values, as in `Surrogate.fit`.
        asked: the batch that each row came with, likewise.
    """

    name: str
    inputs: Floats
    values: Mapping[str, Floats]
    stds: Mapping[str, Floats] = field(default_factory=dict)
    asked: NDArray[np.int64] | None = None

    def checked(
        self, physics: Physics, elements: Elements, foreign: Elements, notes: list[str], variables: Variables
    ) -> Training:
        """As `Training.checked`."""
        more = (None, self.stds, foreign, notes, variables, self.asked)
        return Training.checked(physics, elements, self.inputs, self.values, *more)


@dataclass(frozen=True, slots=True)
class Link:
    """How a level follows the one below it.

    Attributes:
        rho: the regression coefficient on the level below.
        rho_std: its standard deviation.
        centre: value of the level below about which it is scaled, on the model's scale.
        trend: a Gaussian process, with the discrepancy's kernel, of the level below less the centre: how much of a
            change of rho the data would have shown; None where rho is certain.
        below: mean and standard deviation of the level below at the discrepancy's observations.
    """

    rho: float
    rho_std: float
    centre: float
    trend: GP | None
    below: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityOutput(Output):
    """One property's model at a fidelity above the lowest; ``gp`` is that of the discrepancy.

    Attributes:
        lower: the model at the fidelity below.
        link: how this one follows it.
    """

    lower: Output
    link: Link

    @property
    def offset(self) -> float:
        """Mean of the discrepancy where nothing is near, on the model's scale."""
        return self.gp.shift + self.gp.scale * self.gp.constant if isinstance(self.gp, GP) else 0.0

    def residual(self, inputs: Floats) -> tuple[Floats, Floats]:
        """As `Output.residual` for a chained property; of the discrepancy alone for any other."""
        own = Output.residual(self, inputs)
        return self._above(inputs, self.lower.residual(inputs), own) if self.chained else own

    def predict(self, inputs: Floats, priors: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Mean and standard deviation on the model's scale, for a property that is not chained."""
        return self._above(inputs, self.lower.predict(inputs, priors), Output.residual(self, inputs))

    def joint(self, inputs: Floats, priors: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` on the model's scale; of the residual alone if chained."""
        mean, covariance = self.lower.joint(inputs, priors)
        if self.gp is None:
            own, around = np.zeros(len(inputs)), self.broad**2 * np.eye(len(inputs))
        else:
            own, around = self.gp.joint(inputs)
            around = self.inflation**2 * around
        lever = self._lever(inputs, mean)
        spread = self.link.rho**2 * covariance + around + self.link.rho_std**2 * np.outer(lever, lever)
        return self._mean(mean, own), spread

    def leave_one_out(self) -> tuple[Floats, Floats, Floats] | None:
        """As `Output.leave_one_out`, of this fidelity's observations; the fidelity below keeps all of its own."""
        left_out = Output.leave_one_out(self)
        if left_out is None:
            return None
        own, around, truth = left_out
        mean, std = self.link.below
        nothing = np.zeros(len(mean))
        spread = np.hypot(self.link.rho * std, around)
        return self._mean(mean, own), spread, self._mean(mean, nothing) + truth

    def quickened(self) -> Output:
        """The same with quick stand-ins for the Gaussian processes of both."""
        return replace(self, quick=Output.quickened(self).quick, lower=self.lower.quickened())

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, of the fidelities below too."""
        own = [self.link.rho, self.link.rho_std, self.link.centre]
        return self.lower.hyperparameters() + Output.hyperparameters(self) + own

    def _mean(self, below: Floats, own: Floats) -> Floats:
        return self.link.centre + self.link.rho * (below - self.link.centre) + own

    def _lever(self, inputs: Floats, below: Floats) -> Floats:
        if self.link.trend is None:
            return np.zeros(len(below))
        return below - self.link.centre - self.link.trend.predict(inputs)[0]

    def _above(self, inputs: Floats, below: tuple[Floats, Floats], own: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        lever = self._lever(inputs, below[0])
        variance = (self.link.rho * below[1]) ** 2 + own[1] ** 2 + (self.link.rho_std * lever) ** 2
        return self._mean(below[0], own[0]), np.sqrt(variance)


def fit_fidelities(
    physics: Physics,
    elements: tuple[str, ...],
    levels: Sequence[FidelityData],
    inference: Inference = "map",
    *,
    tried: tuple[Floats, Bools] | None = None,
    foreign: tuple[str, ...] = (),
    variables: Variables = NO_VARIABLES,
    tasks: Sequence[ForeignTask] = (),
) -> Surrogate:
    """Fits every property at the highest fidelity that answers it.

    A property that one level alone answers is modelled as `Surrogate.fit` does; with one level the two are the same.

    Args:
        physics: what is known before any data.
        elements: the palette, in the order of the columns.
        levels: from the lowest fidelity to the highest; a level without rows is one that has not answered yet.
        inference: of the lowest fidelity's hyperparameters; of the others they are the most probable ones.
        tried: inputs, as `Surrogate.fit` takes them, of all ``k`` alloys that were validated, and whether that failed
            for good, shape ``(k,)``; None where nothing failed.
        foreign: elements outside the palette, for the columns of every level's fractions behind the palette's.
        variables: what may be chosen beside the composition.
        tasks: as `Surrogate.fit`; of properties that one level alone answers.

    Raises:
        InputError: as `Surrogate.fit`, or without a level.
    """
    if not levels:
        raise InputError("a surrogate of several fidelities needs at least one level")
    notes: list[str] = []
    parts = [own.checked(physics, elements, foreign, notes, variables) for own in levels]
    scaling, named = _scaling(parts), zip(levels, parts, strict=True)
    rows = [_Rows(level.name, part, scaling.apply(part.described.raw())) for level, part in named]
    outputs: dict[str, Output] = {}
    names = sorted({name for part in parts for name in part.table}, key=partial(_sources_first, physics))
    others = describe_all(tasks, physics, elements, names, variables, notes)
    for name in names:
        below, *above = [row for row in rows if name in row.known.table]
        outputs[name] = output = _fit_lowest(name, below, inference, notes)
        if others and not above:
            outputs[name] = with_tasks(output, below.known, scaling, others, notes)
        for lower, own in pairwise([below, *above]):
            source = outputs.get(output.source)
            outputs[name] = output = _fit_above(name, output, own, lower.level, source, notes)
    outputs = {name: outputs[name] for name in sorted(outputs)}
    failures = tried and _failures(Described.of(physics, elements, tried[0], foreign, variables), tried[1], notes)
    digest = digest_of_fit(elements, [*(task.known for task in others), *parts], outputs, failures)
    return Surrogate(physics, elements, scaling, outputs, tuple(notes), digest, failures, variables)


def _scaling(parts: Sequence[Training]) -> Scaling:
    raw = np.concatenate([part.described.raw()[part.seen] for part in parts])
    return Scaling.fit(raw, parts[0].described.indicators)


def _failures(asked: Described, failed: Bools, notes: list[str]) -> Failures | None:
    kept = describable(asked, [])
    return Failures.fit(asked.raw()[kept], failed[kept], notes, asked.indicators)


@dataclass(frozen=True, slots=True)
class _Rows:
    """One level's observations, and its name."""

    level: str
    known: Training
    inputs: Floats


def _sources_first(physics: Physics, name: str) -> tuple[bool, str]:
    """Orders properties so that what others follow from is modelled before them."""
    return name not in physics.derived.values(), name


def _fit_lowest(name: str, rows: _Rows, inference: Inference, notes: list[str]) -> Output:
    """Fits one property at the lowest level that answers it."""
    known = rows.known
    return fit_output(name, known.described, rows.inputs, known.table, notes, inference, known.stds, asked=known.asked)


def _fit_above(
    name: str, lower: Output, rows: _Rows, below_level: str, source: Output | None, notes: list[str]
) -> Output:
    """Fits one property at one level, given its model at the level below."""
    priors = rows.known.described.prior_means()
    base = _derived(lower, rows, source, priors) if lower.chained else np.zeros(len(rows.inputs))
    below = lower.residual(rows.inputs) if lower.chained else lower.predict(rows.inputs, priors)
    known = np.isfinite(rows.known.table[name]) & np.isfinite(base) & np.isfinite(below[0])
    x, targets = rows.inputs[known], lower.warp.forward(rows.known.table[name][known]) - base[known]
    mean, std = below[0][known], below[1][known]
    broad = lower.broad if lower.gp is None else max(lower.broad, lower.gp.scale)
    if not len(targets):
        notes.append(
            f"{name}: no observation by {rows.level}; what {below_level} says stands, with a standard deviation of "
            f"{broad:g} besides"
        )
        link = Link(1.0, 0.0, 0.0, None, (mean, std))
        return FidelityOutput(
            name, lower.warp, "fidelity", 0.0, broad, None, source=lower.source, lower=lower, link=link
        )
    scatter = scatter_about(rows.known.described.physics.properties[name], lower.warp, rows.known.table[name][known])
    given = lower.warp.spread(rows.known.table[name], rows.known.stds[name])[known] if name in rows.known.stds else None
    prior = ResidualPrior(f"{name} by {rows.level}", 0.0, broad, scatter, given)
    described = rows.known.described
    fit = choosing(described, partial(fit_gp, free=len(described.variables.features)))
    gp, link = _linked(prior, x, targets, (mean, std), notes, fit)
    output = FidelityOutput(name, lower.warp, "fidelity", 0.0, broad, gp, source=lower.source, lower=lower, link=link)
    return output.recalibrated(notes)


def _derived(lower: Output, rows: _Rows, source: Output | None, priors: Mapping[str, Floats]) -> Floats:
    """What follows from the source of a property: this level's where it answers that, else the modelled one."""
    measured = rows.known.table.get(lower.source, np.full(len(rows.inputs), np.nan))
    modelled = source.predict(rows.inputs, priors)[0] if source is not None else priors[lower.source]
    return rows.known.described.derive(lower.source, np.where(np.isfinite(measured), measured, modelled))[lower.name]


def _linked(
    prior: ResidualPrior,
    x: Floats,
    targets: Floats,
    below: tuple[Floats, Floats],
    notes: list[str],
    fit: Fit[GP],
) -> tuple[GP | None, Link]:
    """The discrepancy's Gaussian process and the link, from ``n`` observations.

    rho comes first from a ridge regression, then, with the discrepancy's kernel learned, from generalised least
    squares with the prior N(1, RHO_SPREAD^2), beside a free offset.
    """
    mean = below[0]
    centre = float(mean.mean())
    apart = mean - centre
    plain = targets - mean
    if len(np.unique(x, axis=0)) < FEWEST:
        # The offset is as uncertain beforehand as the discrepancy about it.
        offset = float(plain.sum()) / (1 + len(plain))
        gp = fit_residual(prior, x, plain - offset, notes, fit)
        return gp and replace(gp, shift=gp.shift + offset), Link(1.0, 0.0, centre, None, below)
    strength = float(plain.var()) / RHO_SPREAD**2
    rho = 1.0 + float(apart @ (plain - plain.mean())) / max(float(apart @ apart) + strength, 1e-300)
    gp = fit_residual(prior, x, plain - (rho - 1.0) * apart, notes, fit)
    if gp is None or len(x) > LEARN:
        return gp, Link(rho, 0.0, centre, None, below)
    try:
        return refine_link(gp, x, plain, Link(rho, 0.0, centre, None, below), apart, prior.given)
    except (RuntimeError, np.linalg.LinAlgError) as error:
        notes.append(f"{prior.name}: rho by ridge regression alone ({error})")
        return gp, Link(rho, 0.0, centre, None, below)


def refine_link(
    gp: GP, x: Floats, plain: Floats, link: Link, apart: Floats, given: Floats | None = None
) -> tuple[GP, Link]:
    """The offset and rho by generalised least squares with the kernel that was learned.

    Args:
        gp: the discrepancy as the ridge regression left it.
        x: scaled inputs, shape ``(n, d)``.
        plain: targets less the level below, shape ``(n,)``.
        link: with rho of the ridge regression.
        apart: the level below less its mean, shape ``(n,)``.
        given: standard deviations of the targets, shape ``(n,)``, NaN where not given; None if none is.

    Raises:
        RuntimeError: if a covariance cannot be factorised.
        numpy.linalg.LinAlgError: likewise.
    """
    inputs = torch.tensor(x, dtype=torch.float64)
    kernel = matern(inputs, inputs, gp.lengthscale).numpy() + np.diag(gp.noises.numpy())
    covariance = gp.scale**2 * kernel + np.diag((link.rho * link.below[1]) ** 2)
    design = np.column_stack([np.ones(len(x)), apart])
    weighted = np.linalg.solve(covariance, np.column_stack([design, plain]))
    precision = design.T @ weighted[:, :2] + np.diag([0.0, RHO_SPREAD**-2])
    offset, change = np.linalg.solve(precision, design.T @ weighted[:, 2])
    rho_std = float(np.sqrt(np.linalg.inv(precision)[1, 1]))
    hyper = (0.0, gp.lengthscale, gp.noise)
    again = GP.condition(x, plain - change * apart, float(offset), gp.scale, hyper, given)
    trend = GP.condition(x, apart, 0.0, 1.0, hyper, None if given is None else given / gp.scale)
    return again, replace(link, rho=float(1.0 + change), rho_std=rho_std, trend=trend)
