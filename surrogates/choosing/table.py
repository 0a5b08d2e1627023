"""The surrogate on a finite set of alloys, told by row numbers.

An acquisition function over a short list asks for the same covariances again and again. Here they are
computed once from the cached factors and looked up, and everything that needs the composition (closed forms,
properties that follow from others) is looked up as well: the outputs are the signed objectives,
then one slack per constraint that is negative where the constraint holds, and one for the success of validation
once some failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alloys.goal import Constraint, Objective
from alloys.physics.base import ComputedForm
from alloys.problem import Problem
from alloys.space import Floats
from surrogates.model.failures import Failures
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate
from surrogates.model.warps import Identity, Saturating, Warp

Indices = NDArray[np.int64]

_NODES = np.arange(-5.0, 5.01, 0.5)


@dataclass(frozen=True, slots=True)
class Computed:
    """A property that is computed from modelled ones, for the ``N`` alloys of a table.

    Attributes:
        rule: how.
        parts: each part as a column on its own scale, and that scale.
        elements: the palette.
        fractions: atomic fractions, ``N x d``.
        numbers: the variables that are numbers, by name, ``N`` each.
    """

    rule: ComputedForm
    parts: Mapping[str, tuple[Column, Warp]]
    elements: tuple[str, ...]
    fractions: Floats
    numbers: Mapping[str, Floats]

    def values(self, table: Table, rows: Indices, latents: Floats) -> Floats:
        """The property's samples, shape ``(samples, n)``."""
        drawn = {name: warp.backward(table.value(part, rows, latents)) for name, (part, warp) in self.parts.items()}
        chosen = {name: column[rows] for name, column in self.numbers.items()}
        return np.nan_to_num(self.rule.evaluate(chosen | drawn, self.elements, self.fractions[rows]))


@dataclass(frozen=True, slots=True)
class Column:
    """One output: a closed form, a latent, a derivation from another latent plus a latent residual, or computed.

    Attributes:
        sign: +1 or -1.
        shift: subtracted from the value before the sign.
        scale: divides the rest.
        closed: closed-form values, shape ``N``, or None.
        latent: index of the latent, or -1.
        curve: the derived property at ``_NODES`` standard deviations of its source, ``N x nodes``, or None.
        source: index of the latent that it follows from, or -1.
        computed: from other columns, or None.
        warp: from the latent's scale to the property's own, where the output is on the latter; None where it is on
            the scale of the latent, or the value is on the property's own.
        matched: an objective whose distance from its target is taken of the value, or None.
    """

    sign: float
    shift: float
    scale: float
    closed: Floats | None = None
    latent: int = -1
    curve: Floats | None = None
    source: int = -1
    computed: Computed | None = None
    warp: Warp | None = None
    matched: Objective | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Everything about ``N`` alloys and ``l`` latents.

    Attributes:
        means: latent means, ``N x l``.
        deviations: latent standard deviations, ``N x l``.
        covariances: latent covariances, ``l x N x N``.
        columns: the outputs.
    """

    means: Floats
    deviations: Floats
    covariances: Floats
    columns: tuple[Column, ...]

    def outputs(self, rows: Indices, latents: Floats) -> Floats:
        """Samples of latents, shape ``(samples, n, l)``, at ``n`` rows, as outputs ``(samples, n, m)``."""
        return np.stack([self._column(column, rows, latents) for column in self.columns], axis=-1)

    def _column(self, column: Column, rows: Indices, latents: Floats) -> Floats:
        value = self.value(column, rows, latents)
        if column.warp is not None:
            value = column.warp.backward(value)
        if column.matched is not None:
            value = column.matched.measure(value)
        return np.asarray(column.sign * (value - column.shift) / column.scale)

    def value(self, column: Column, rows: Indices, latents: Floats) -> Floats:
        """A column's samples before warp, target, shift, scale and sign, shape ``(samples, n)``."""
        if column.closed is not None:
            return np.tile(column.closed[rows], (len(latents), 1))
        if column.computed is not None:
            return column.computed.values(self, rows, latents)
        value = latents[..., column.latent]
        return (
            value if column.curve is None else value + self._derived(column.curve[rows], column.source, rows, latents)
        )

    def _derived(self, curves: Floats, source: int, rows: Indices, latents: Floats) -> Floats:
        """What follows from samples of the source, between the nodes of the rows' curves ``(n, nodes)``."""
        t = (latents[..., source] - self.means[rows, source]) / self.deviations[rows, source]
        position = np.clip((t - _NODES[0]) / (_NODES[1] - _NODES[0]), 0.0, len(_NODES) - 1.0 - 1e-9)
        below = position.astype(np.int64)
        each = np.arange(len(rows))
        left = curves[each, below]
        return np.asarray(left + (position - below) * (curves[each, below + 1] - left))


def build_table(
    surrogate: Surrogate, problem: Problem, described: Described, shifts: Floats, validated: int = 0
) -> Table:
    """Looks everything up once for ``N`` compositions.

    Args:
        surrogate: models of every property of the goal that has no closed form.
        problem: its goal; constraints in closed form are left out.
        described: the compositions.
        shifts: subtracted from the signed objectives, shape ``(objectives,)``.
        validated: how many of the last compositions are known to be validated with success.
    """
    names = [name for name in surrogate.names if name in problem.validated or name in surrogate.sources]
    inputs, priors = surrogate.latent_inputs(described), described.prior_means()
    success = _success(surrogate.failures, described, validated)
    joints = [surrogate.outputs[name].joint(inputs, priors) for name in names] + success
    count = len(described)
    means = np.array([mean for mean, _ in joints]).reshape(len(joints), count)
    covariances = np.array([covariance for _, covariance in joints]).reshape(len(joints), count, count)
    variances = covariances.diagonal(axis1=1, axis2=2)
    spread = np.maximum(np.sqrt(variances.max(axis=1, initial=0.0)), 1e-9)
    deviations = np.maximum(np.sqrt(np.maximum(variances, 0.0)), 1e-5 * spread[:, None])
    builder = _Builder(surrogate, problem, described, names, means, deviations)
    columns = [builder.objective(o, shifts[i]) for i, o in enumerate(problem.goal.objectives)]
    columns += [builder.slack(c, spread) for c in problem.validated_constraints]
    columns += [Column(-1.0, 0.0, 1.0, latent=len(names)) for _ in success]
    return Table(means.T.copy(), deviations.T.copy(), covariances, tuple(columns))


def _success(failures: Failures | None, described: Described, validated: int) -> list[tuple[Floats, Floats]]:
    """Mean and covariance of what is positive where validation succeeds; nothing while none failed."""
    if failures is None:
        return []
    mean, covariance = failures.joint(described.raw())
    known = np.arange(len(mean)) >= len(mean) - validated
    mean[known] = 1.0
    covariance[known] = covariance[:, known] = 0.0
    return [(mean, covariance)]


@dataclass(frozen=True, slots=True)
class _Builder:
    surrogate: Surrogate
    problem: Problem
    described: Described
    names: list[str]
    means: Floats
    deviations: Floats

    def objective(self, objective: Objective, shift: float) -> Column:
        sign = float(objective.sign)
        plain = Column(sign, sign * shift, 1.0, matched=objective if objective.target is not None else None)
        if self.problem.has_closed_form(objective.name):
            return replace(plain, closed=self.problem.closed_form(objective.name, self.described.inputs))
        if objective.name in self.surrogate.combined:
            return replace(plain, computed=self._computed(objective.name))
        warp = self.surrogate.outputs[objective.name].warp
        if isinstance(warp, Saturating) and plain.matched is None:
            return self._modelled(objective.name, sign, float(warp.forward(np.array([sign * shift]))[0]), 1.0)
        modelled = self._modelled(objective.name, sign, sign * shift, 1.0)
        return replace(modelled, warp=None if isinstance(warp, Identity) else warp, matched=plain.matched)

    def slack(self, constraint: Constraint, spread: Floats) -> Column:
        if constraint.name in self.surrogate.combined:
            _, stds = self.surrogate.predict(self.described)
            scale = max(float(stds[constraint.name].max(initial=0.0)), 1e-9)
            computed = self._computed(constraint.name)
            return Column(-float(constraint.sign), constraint.bound, scale, computed=computed)
        output = self.surrogate.outputs[constraint.name]
        bound = float(output.warp.forward(np.array([constraint.bound]))[0])
        scale = float(spread[self.names.index(constraint.name)])
        if output.chained:
            scale = max(scale, abs(bound) / 10)
        return self._modelled(constraint.name, -float(constraint.sign), bound, scale)

    def _computed(self, name: str) -> Computed:
        rule = self.surrogate.combined[name].rule
        parts = {leaf: (self._modelled(leaf, 1.0, 0.0, 1.0), self.surrogate.warp_of(leaf)) for leaf in rule.leaves}
        alloys = self.described
        return Computed(rule, parts, alloys.elements, alloys.fractions, alloys.numbers)

    def _modelled(self, name: str, sign: float, shift: float, scale: float) -> Column:
        latent = self.names.index(name)
        if not self.surrogate.outputs[name].chained:
            return Column(sign, shift, scale, latent=latent)
        source = self.surrogate.outputs[name].source
        i = self.names.index(source)
        curve = [self.described.derive(source, self.means[i] + t * self.deviations[i])[name] for t in _NODES]
        return Column(sign, shift, scale, latent=latent, curve=np.array(curve).T.copy(), source=i)
