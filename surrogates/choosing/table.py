"""The surrogate on a finite set of alloys, as a BoTorch model whose inputs are row numbers.

An acquisition function over a short list asks for the same covariances again and again. Here they are
computed once from the cached factors and looked up, and everything that needs the composition (closed forms,
properties that follow from others) is looked up as well: the model's outputs are the signed objectives,
then one slack per constraint that is negative where the constraint holds, and one for the success of validation
once some failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from botorch.models.model import Model
from botorch.posteriors.posterior import Posterior
from torch import Tensor

from alloys.goal import Constraint, Objective
from alloys.physics.base import ComputedForm
from alloys.problem import Problem
from alloys.space import Floats
from surrogates.model.failures import Failures
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate
from surrogates.model.warps import Saturating, Warp

_NODES = np.arange(-5.0, 5.01, 0.5)
_JITTERS = (1e-8, 1e-6, 1e-4)


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

    def values(self, table: Table, rows: Tensor, latents: Tensor) -> Tensor:
        """The property's samples, ``sample_shape x batch_shape x q``."""
        flat = rows.reshape(-1)
        samples = latents.shape[: latents.dim() - rows.dim() - 1]
        drawn = {
            name: warp.backward(table.value(part, rows, latents).reshape(*samples, len(flat)).numpy())
            for name, (part, warp) in self.parts.items()
        }
        chosen = {name: column[flat.numpy()] for name, column in self.numbers.items()}
        found = self.rule.evaluate(chosen | drawn, self.elements, self.fractions[flat.numpy()])
        return torch.tensor(np.nan_to_num(found)).reshape(*samples, *rows.shape)


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
    """

    sign: float
    shift: float
    scale: float
    closed: Tensor | None = None
    latent: int = -1
    curve: Tensor | None = None
    source: int = -1
    computed: Computed | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Everything about ``N`` alloys and ``l`` latents.

    Attributes:
        means: latent means, ``N x l``.
        deviations: latent standard deviations, ``N x l``.
        correlations: latent covariances divided by ``scales`` squared, ``l x N x N``.
        scales: shape ``l``.
        columns: the outputs.
    """

    means: Tensor
    deviations: Tensor
    correlations: Tensor
    scales: Tensor
    columns: tuple[Column, ...]

    def outputs(self, rows: Tensor, latents: Tensor) -> Tensor:
        """Samples of latents ``sample_shape x batch_shape x q x l`` at rows ``batch_shape x q``, as outputs."""
        return torch.stack([self._column(column, rows, latents) for column in self.columns], dim=-1)

    def _column(self, column: Column, rows: Tensor, latents: Tensor) -> Tensor:
        output: Tensor = column.sign * (self.value(column, rows, latents) - column.shift) / column.scale
        return output

    def value(self, column: Column, rows: Tensor, latents: Tensor) -> Tensor:
        """A column's samples before shift, scale and sign, ``sample_shape x batch_shape x q``."""
        if column.closed is not None:
            return column.closed[rows].expand(latents.shape[:-1])
        if column.computed is not None:
            return column.computed.values(self, rows, latents)
        value = latents[..., column.latent]
        if column.curve is not None:
            value = value + self._derived(column, rows, latents[..., column.source])
        return value

    def _derived(self, column: Column, rows: Tensor, source: Tensor) -> Tensor:
        if column.curve is None:
            return torch.zeros_like(source)
        i = column.source
        t = (source - self.means[rows, i]) / self.deviations[rows, i]
        position = ((t - _NODES[0]) / 0.5).clamp(0.0, len(_NODES) - 1.0 - 1e-9)
        below = position.floor()
        index = below.long()
        curves = column.curve[rows].expand(*source.shape, len(_NODES))
        left = curves.gather(-1, index[..., None])[..., 0]
        right = curves.gather(-1, index[..., None] + 1)[..., 0]
        value: Tensor = left + (position - below) * (right - left)
        return value


class TablePosterior(Posterior):  # type: ignore[misc]
    """Joint posterior of some rows of a table; its samples are those of the table's outputs."""

    def __init__(self, table: Table, rows: Tensor) -> None:
        """Takes rows of shape ``batch_shape x q``."""
        self._table = table
        self._rows = rows
        self._root = _root(table.correlations[:, rows[..., :, None], rows[..., None, :]])

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return self._table.means.device

    @property
    def dtype(self) -> torch.dtype:
        """Double precision."""
        return self._table.means.dtype

    @property
    def batch_shape(self) -> torch.Size:
        """Shape before the points."""
        return self._rows.shape[:-1]

    @property
    def base_sample_shape(self) -> torch.Size:
        """``batch_shape x q x l``."""
        return torch.Size([*self._rows.shape, len(self._table.scales)])

    @property
    def batch_range(self) -> tuple[int, int]:
        """Which dimensions of the base samples are batch dimensions."""
        return 0, -2

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        return torch.Size([*sample_shape, *self._rows.shape, len(self._table.columns)])

    def rsample_from_base_samples(self, sample_shape: torch.Size, base_samples: Tensor) -> Tensor:
        """Outputs of shape ``sample_shape x batch_shape x q x m`` from normal variates of the latents."""
        moved = torch.einsum("l...ij,s...jl->s...il", self._root, base_samples)
        latents = self._table.means[self._rows] + self._table.scales * moved
        return self._table.outputs(self._rows, latents)

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Not offered: samples come from a sampler with a seed of its own."""
        raise NotImplementedError("use a sampler with a seed")


class TableModel(Model):  # type: ignore[misc]
    """A `Table` as a BoTorch model; inputs are row numbers as doubles, ``batch_shape x q x 1``."""

    def __init__(self, table: Table) -> None:
        """Wraps a table."""
        super().__init__()
        self.table = table

    @property
    def num_outputs(self) -> int:
        """Signed objectives and constraint slacks."""
        return len(self.table.columns)

    @property
    def batch_shape(self) -> torch.Size:
        """The model itself is not batched."""
        return torch.Size()

    def posterior(self, X: Tensor, *args: object, **kwargs: object) -> TablePosterior:
        """The joint posterior of the rows in ``X``; observation noise and transforms are not offered."""
        return TablePosterior(self.table, X[..., 0].round().long())


def _root(covariance: Tensor) -> Tensor:
    """Cholesky factors, with as much jitter as it takes."""
    eye = torch.eye(covariance.shape[-1], dtype=covariance.dtype)
    for jitter in _JITTERS:
        root: Tensor
        root, info = torch.linalg.cholesky_ex(covariance + jitter * eye)
        if not bool(info.any()):
            return root
    diagonal: Tensor = torch.diag_embed(covariance.diagonal(dim1=-2, dim2=-1).clamp_min(1e-12).sqrt())
    return diagonal


def build_table(
    surrogate: Surrogate, problem: Problem, described: Described, shifts: Floats, scales: Floats, validated: int = 0
) -> Table:
    """Looks everything up once for ``N`` compositions.

    Args:
        surrogate: models of every property of the goal that has no closed form.
        problem: its goal; constraints in closed form are left out.
        described: the compositions.
        shifts: subtracted from the signed objectives, shape ``(objectives,)``.
        scales: divides them, likewise.
        validated: how many of the last compositions are known to be validated with success.
    """
    names = [name for name in surrogate.names if name in problem.validated or name in surrogate.sources]
    inputs, priors = surrogate.latent_inputs(described), described.prior_means()
    means, correlations, spans = [], [], []
    for name in names:
        mean, covariance = surrogate.outputs[name].joint(inputs, priors)
        span = max(float(np.sqrt(covariance.diagonal().max(initial=0.0))), 1e-9)
        means.append(mean)
        spans.append(span)
        correlations.append(covariance / span**2)
    success = _success(surrogate.failures, described, validated)
    for latent, covariance in success:
        means.append(latent)
        spans.append(1.0)
        correlations.append(covariance)
    mean, spread = np.array(means), np.array(spans)
    variances = np.array([block.diagonal() for block in correlations])
    deviation = spread[:, None] * np.sqrt(np.maximum(variances, 1e-10))
    builder = _Builder(surrogate, problem, described, names, mean, deviation)
    columns = [builder.objective(o, shifts[i], scales[i]) for i, o in enumerate(problem.goal.objectives)]
    columns += [builder.slack(c, spread) for c in problem.validated_constraints]
    columns += [Column(-1.0, 0.0, 1.0, latent=len(names)) for _ in success]
    return Table(
        torch.tensor(mean.T.copy()),
        torch.tensor(deviation.T.copy()),
        torch.tensor(np.array(correlations)),
        torch.tensor(spread),
        tuple(columns),
    )


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

    def objective(self, objective: Objective, shift: float, scale: float) -> Column:
        sign = float(objective.sign)
        if self.problem.has_closed_form(objective.name):
            exact = self.problem.closed_form(objective.name, self.described.inputs)
            return Column(sign, sign * shift, scale, closed=torch.tensor(exact))
        if objective.name in self.surrogate.combined:
            return Column(sign, sign * shift, scale, computed=self._computed(objective.name))
        warp = self.surrogate.outputs[objective.name].warp
        if isinstance(warp, Saturating):
            return self._modelled(objective.name, sign, float(warp.forward(np.array([sign * shift]))[0]), 1.0)
        return self._modelled(objective.name, sign, sign * shift, scale)

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
        return Column(sign, shift, scale, latent=latent, curve=torch.tensor(np.array(curve).T.copy()), source=i)
