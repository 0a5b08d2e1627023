"""The model of one property: warp, physics basis, Gaussian process on the residual, and fall-backs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from alloys.physics.base import ComputedForm, Physics
from alloys.space import Floats
from surrogates.model.bayesian import MOST, Mixture, fit_mixture, require
from surrogates.model.calibration import Amplitude, batch_factor, learn_amplitude, remedy
from surrogates.model.choice import choosing, few_sets, on_columns
from surrogates.model.features import Described
from surrogates.model.gp import GP
from surrogates.model.quick import QuickGP, QuickMixture, made_quick
from surrogates.model.sparse import Fit, ResidualPrior, fit_gp, fit_residual
from surrogates.model.voting.votes import Votes, fit_votes
from surrogates.model.warps import Identity, Saturating, Warp, expected, scatter_about, warp_of

Inference = Literal["map", "bayesian", "votes"]
"""Hyperparameters: the most probable ones, or averaged over (`surrogates.model.bayesian`); or several models that vote
(`surrogates.model.voting.votes`)."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Output:
    """One property's model.

    Attributes:
        name: the property.
        warp: the scale it is modelled on.
        basis: what the Gaussian process models the residual of: ``"none"`` (nothing: the property itself),
            ``"physics"`` (its prior mean), ``"derived"`` (what follows from ``source``), ``"fidelity"`` (the fidelity
            below).
        centre: mean of the residual where nothing is known, on the model's scale.
        broad: standard deviation of the residual where nothing is known, likewise.
        gp: the Gaussian process on the residual, or a mixture of them, or None where there is no observation at all.
        inflation: multiplies its standard deviations, see `surrogates.model.calibration`.
        quick: answers in its place where a bound will do, if given.
        source: the modelled property that this one follows from; empty where it does not.
        amplitude: multiplies the Gaussian process, and differs over the space; None where it does not.
    """

    name: str
    warp: Warp
    basis: str
    centre: float
    broad: float
    gp: GP | Mixture | Votes | None
    inflation: float = 1.0
    quick: QuickGP | QuickMixture | None = None
    source: str = ""
    amplitude: Amplitude | None = None

    @property
    def chained(self) -> bool:
        """Whether the property is derived from another modelled one."""
        return bool(self.source)

    def noise(self, inputs: Floats) -> Floats:
        """Standard deviation of an observation's noise on the model's scale, shape ``(m,)``; 0 where none is known.

        Args:
            inputs: scaled, shape ``(m, d)``.
        """
        usual = np.full(len(inputs), 0.0 if self.gp is None else self.gp.noise_std)
        if self.amplitude is not None:
            usual = np.maximum(self.amplitude.at(inputs) * usual, self.amplitude.least)
        return self.inflation * usual

    def residual(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the residual at scaled inputs ``(m, d)``, each of shape ``(m,)``."""
        if self.gp is None:
            return np.full(len(inputs), self.centre), np.full(len(inputs), self.broad)
        mean, std = (self.quick or self.gp).predict(inputs)
        if self.amplitude is not None:
            size = self.amplitude.at(inputs)
            mean, std = self.amplitude.centre + size * mean, size * std
        return mean, self.inflation * std

    def joint(self, inputs: Floats, priors: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` on the model's scale; of the residual alone if chained."""
        if self.gp is None:
            mean, std = self.residual(inputs)
            covariance = np.diag(std**2)
        else:
            mean, covariance = self.gp.joint(inputs)
            if self.amplitude is not None:
                size = self.amplitude.at(inputs)
                mean, covariance = self.amplitude.centre + size * mean, covariance * np.outer(size, size)
            covariance = self.inflation**2 * covariance
        return (mean + priors[self.name] if self.basis == "physics" else mean), covariance

    def predict(self, inputs: Floats, priors: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Mean and standard deviation on the model's scale, for a property that is not chained."""
        mean, std = self.residual(inputs)
        return (mean + priors[self.name] if self.basis == "physics" else mean), std

    def predict_chained(
        self, inputs: Floats, described: Described, source: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        """Mean and standard deviation by Gauss-Hermite quadrature over the source, for a chained property.

        Args:
            inputs: scaled inputs, shape ``(m, d)``.
            described: the same compositions.
            source: mean and standard deviation of the source in its unit, each of shape ``(m,)``.
        """
        mean, std = self.residual(inputs)
        centre, width = source
        derived = np.array([described.derive(self.source, centre + t * width)[self.name] for t in _NODES])
        expected = _WEIGHTS @ derived
        variance = _WEIGHTS @ (derived - expected) ** 2
        return mean + expected, np.sqrt(std**2 + variance)

    def quickened(self) -> Output:
        """The same with a quick stand-in for the Gaussian process, where there is one."""
        return self if self.gp is None or isinstance(self.gp, Votes) else replace(self, quick=made_quick(self.gp))

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        if self.gp is None:
            return []
        local = [] if self.amplitude is None else self.amplitude.hyperparameters()
        return self.gp.hyperparameters() + local + ([self.inflation] if self.inflation != 1.0 else [])

    def leave_one_out(self) -> tuple[Floats, Floats, Floats] | None:
        """Means, standard deviations and truths on the model's scale, each of shape ``(n,)``, of every observation
        left out in turn; None where there are fewer than two."""
        if self.gp is None or len(self.gp.targets) < 2:
            return None
        mean, std = self.gp.leave_one_out()
        size, centre = (1.0, 0.0) if self.amplitude is None else (self.amplitude.own, self.amplitude.centre)
        return centre + size * mean, self.inflation * size * std, centre + size * self.gp.observed()

    def recalibrated(self, notes: list[str], asked: NDArray[np.int64] | None = None) -> Output:
        """This model with the standard deviations that leaving one out, and past batches, ask for.

        Args:
            notes: receives what was found.
            asked: the batch of each observation, shape ``(n,)``, see `surrogates.model.calibration.batch_factor`; None
                where they did not come in batches.
        """
        left_out = self.leave_one_out()
        if left_out is None:
            return self
        found = remedy(self.name, *left_out)
        if found.note:
            notes.append(found.note)
        factor = found.factor
        # Errors of shares that are exactly 1 say next to nothing of how far others may be off.
        if asked is not None and isinstance(self.gp, GP | Mixture) and not isinstance(self.warp, Saturating):
            mean, std = self.gp.ahead(asked)
            factor = batch_factor((self.gp.observed() - mean) / std, asked, factor)
        return replace(self, inflation=self.inflation * factor)


def fit_output(
    name: str,
    described: Described,
    inputs: Floats,
    table: Mapping[str, Floats],
    notes: list[str],
    inference: Inference = "map",
    stds: Mapping[str, Floats] | None = None,
    before: Output | None = None,
    asked: NDArray[np.int64] | None = None,
) -> Output:
    """Fits one property; every fall-back is appended to ``notes``.

    Args:
        name: the property.
        described: the observed compositions, ``n`` of them.
        inputs: their scaled inputs, shape ``(n, d)``.
        table: values by property, shape ``(n,)`` each, NaN where unknown.
        notes: receives one line per fall-back.
        inference: whether hyperparameters are the most probable ones, or averaged over, or several models vote.
        stds: standard deviations of the values, by property, NaN where not given; as in `Surrogate.fit`.
        before, asked: likewise.

    Raises:
        InputError: if they are to be averaged over and NumPyro is missing.
    """
    if inference == "bayesian":
        require()
    basis, source, warp, known, targets, prior = modelled(name, described, table, stds or {})
    if described.foreign and (lost := int(np.isfinite(table[name]).sum() - known.sum())):
        notes.append(f"{name}: {lost} row(s) are left out, as what physics expects of them is not known")
    plain = partial(fit_gp, free=len(described.variables.features))
    fit: Fit[GP | Mixture | Votes] = choosing(described, plain if inference == "map" else _averaged)
    if inference == "votes":
        fit = _voting(described, before)
    gp = fit_residual(prior, inputs[known], targets, notes, fit)
    output = Output(name, warp, basis, prior.centre, prior.broad, gp, source=source)
    output = _with_amplitude(output, prior, inputs[known], targets, notes, plain)
    return output.recalibrated(notes, None if asked is None else asked[known])


def modelled(
    name: str, described: Described, table: Mapping[str, Floats], stds: Mapping[str, Floats]
) -> tuple[str, str, Warp, NDArray[np.bool_], Floats, ResidualPrior]:
    """What of a property is modelled: its basis, source and warp, the rows with a target, the targets, and their prior.

    Args:
        name: the property.
        described: the compositions, ``n`` of them.
        table: values by property, shape ``(n,)`` each, NaN where unknown.
        stds: standard deviations of the values, by property, NaN where not given.
    """
    declared = described.physics.properties[name]
    base, basis, source = _basis(name, described, table)
    # What physics expects is in the property's unit, and so is the residual.
    warp = warp_of(declared) if basis == "none" else Identity()
    known = np.isfinite(table[name]) & np.isfinite(base)
    targets = warp.forward(table[name][known]) - base[known]
    centre, broad = expected(declared, warp)
    if basis != "none":
        centre, broad = 0.0, described.physics.prior_std.get(name, broad)
    scatter = scatter_about(declared, warp, table[name][known])
    given = _given(name, source, warp, described, table, stds)
    prior = ResidualPrior(name, centre, broad, scatter, None if given is None else given[known])
    return basis, source, warp, known, targets, prior


def _with_amplitude(
    output: Output,
    prior: ResidualPrior,
    inputs: Floats,
    targets: Floats,
    notes: list[str],
    fit: Fit[GP],
) -> Output:
    """The model fitted again on residuals over their amplitude, where errors of the first fit differ over the space.

    Not of shares, whose scale differs over the space already: it is steep where they are 1.
    """
    gp, least = output.gp, prior.broad / (1 + len(targets)) ** 2
    if not isinstance(gp, GP) or isinstance(output.warp, Saturating) or targets.std() <= least:
        return output
    mean, std = gp.leave_one_out()
    amplitude = learn_amplitude(inputs, gp.lengthscale, (targets - mean) / std, targets)
    if amplitude is None:
        return output
    own, given = amplitude.own, prior.given
    if given is None:
        # The noise that is learned shrinks with the amplitude; repeated measurements scatter as they do elsewhere.
        given = np.where((own < 1.0) & (prior.scatter > 0.0), prior.scatter, np.nan)
    noise = float(np.max(given, initial=prior.scatter, where=np.isfinite(given)))
    seen = np.flatnonzero(np.isfinite(gp.lengthscale.numpy()))
    scaled, rest = replace(prior, given=given / own), (targets - amplitude.centre) / own
    again = fit_residual(scaled, inputs, rest, notes, on_columns(seen, fit))
    low, high = np.quantile(own, [0.1, 0.9])
    notes.append(f"{output.name}: errors differ over the space; {low:.2g} to {high:.2g} times the usual ones")
    return replace(output, gp=again, amplitude=replace(amplitude, least=noise))


def _basis(name: str, described: Described, table: Mapping[str, Floats]) -> tuple[Floats, str, str]:
    """What the property is modelled about, shape ``(n,)``; the word for it; and the property that it follows from."""
    source = described.physics.derived.get(name, "")
    if source in table:
        return described.derive(source, table[source])[name], "derived", source
    priors = described.prior_means()
    if name in priors:
        return priors[name], "physics", ""
    return np.zeros(len(described)), "none", ""


def _given(
    name: str,
    source: str,
    warp: Warp,
    described: Described,
    table: Mapping[str, Floats],
    stds: Mapping[str, Floats],
) -> Floats | None:
    """Standard deviations on the model's scale of what is modelled, shape ``(n,)``, NaN where not given; None if none.

    The residual of a derivation carries the scatter of what it is derived from, too.
    """
    if name not in stds:
        return None
    given = warp.spread(table[name], stds[name])
    if source not in stds:
        return given
    ends = [described.derive(source, table[source] + sign * stds[source])[name] for sign in (1.0, -1.0)]
    return np.asarray(np.hypot(given, np.nan_to_num(ends[0] - ends[1]) / 2))


def _voting(described: Described, before: Output | None) -> Fit[Votes]:
    """As `surrogates.model.sparse.fit_gp`, by several models that vote."""
    sets = few_sets(described)
    kept = before.gp if before is not None and isinstance(before.gp, Votes) else None

    def fit(
        x: Floats, y: Floats, shift: float, scale: float, scatter: float, given: Floats | None
    ) -> tuple[Votes, str]:
        votes = fit_votes(sets or {"all inputs": np.arange(x.shape[1])}, x, y, scatter, given, kept)
        return votes, votes.said

    return fit


def _averaged(
    x: Floats, y: Floats, shift: float, scale: float, scatter: float, given: Floats | None
) -> tuple[GP | Mixture, str]:
    """As `surrogates.model.sparse.fit_gp`, averaged over hyperparameters; many observations do without."""
    if len(x) <= MOST:
        mixture = fit_mixture(x, y, shift, scale, scatter, given)
        return mixture, f"averaged over {len(mixture.members)} draws of the hyperparameters"
    gp, note = fit_gp(x, y, shift, scale, scatter, given)
    few = f"more than {MOST} observations; hyperparameters are the most probable ones"
    return gp, f"{few}; {note}" if note else few


SAMPLES = 64
"""Of several parts together, quasi Monte Carlo; a single part is integrated by Gauss-Hermite quadrature."""


@cache
def _nodes(parts: int) -> tuple[Floats, Floats]:
    """Standard normal samples ``(samples, parts)`` and their weights ``(samples,)``, always the same."""
    if parts == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(11)
        return nodes[:, None], weights / weights.sum()
    from scipy.stats import qmc  # late: it imports for most of a second

    drawn = ndtri(qmc.Sobol(parts, seed=0).random(SAMPLES))
    return (drawn - drawn.mean(axis=0)) / drawn.std(axis=0), np.full(SAMPLES, 1.0 / SAMPLES)


@dataclass(frozen=True, slots=True)
class CombinedOutput:
    """What is thought of a property that is computed from modelled ones.

    Attributes:
        rule: how it is computed.
        warp: the scale on which its uncertainty counts as Gaussian.
    """

    rule: ComputedForm
    warp: Warp

    def predict(
        self, described: Described, outputs: Mapping[str, Output], latent: Mapping[str, tuple[Floats, Floats]]
    ) -> tuple[Floats, Floats]:
        """Mean and standard deviation on the scale of ``warp``, each of shape ``(m,)``, the parts being independent.

        Args:
            described: the compositions, ``m`` of them.
            outputs: the models of the parts.
            latent: their means and standard deviations on their scales, each of shape ``(m,)``.
        """
        nodes, weights = _nodes(len(self.rule.leaves))
        values = dict(described.numbers)
        for name, node in zip(self.rule.leaves, nodes.T, strict=True):
            mean, std = latent[name]
            values[name] = outputs[name].warp.backward(mean + node[:, None] * std)
        found = self.rule.evaluate(values, described.elements, described.fractions)
        known = np.isfinite(found)
        weight = weights[:, None] * known
        weight = weight / np.maximum(weight.sum(axis=0), 1e-300)
        scaled = self.warp.forward(np.where(known, found, 0.0))
        mean = (weight * scaled).sum(axis=0)
        return mean, np.sqrt((weight * (scaled - mean) ** 2).sum(axis=0)) + 1e-12


def combined_outputs(physics: Physics, outputs: Mapping[str, Output]) -> dict[str, CombinedOutput]:
    """Those properties of the campaign's own whose parts are all modelled."""
    return {
        name: CombinedOutput(rule, warp_of(physics.properties[name]))
        for name, rule in physics.combined.items()
        if set(rule.leaves) <= set(outputs)
    }
