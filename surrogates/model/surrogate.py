"""The surrogate: one independent Gaussian process per property that only validation answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from alloys.errors import InputError
from alloys.goal import Constraint
from alloys.physics.base import Physics
from alloys.problem import Problem
from alloys.space import Bools, Floats
from alloys.space.variables import Variables
from surrogates.model.calibration import Score, score
from surrogates.model.failures import Failures
from surrogates.model.features import NO_VARIABLES, Described, Scaling
from surrogates.model.output import CombinedOutput, Inference, Output, combined_outputs, fit_output
from surrogates.model.training import Training, digest_of_fit, numbers, split_inputs
from surrogates.model.transfer.sharing import is_linked, with_tasks
from surrogates.model.transfer.tasks import DescribedTask, ForeignTask, describe_all, scaling_over
from surrogates.model.warps import Warp

Latent = Mapping[str, tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Surrogate:
    """What is thought of alloys not yet validated; made by `fit`, immutable.

    The model sees the physics descriptors, the fractions and the variables. A property of which the physics
    expects something is modelled as the residual of that. A property that the physics derives from another one is
    modelled as the residual of that derivation, so that what is learned of the other carries over to it. Any other
    is modelled itself, on its own scale (`surrogates.model.warps`).

    The descriptors of rows with foreign elements are those of the whole composition. Where the physics lacks a
    number of such an element, a note says so, and the row is left out of the fit of what needs it.

    Attributes:
        physics: what described the compositions.
        elements: the palette, which fixes the columns of every ``fractions``.
        scaling: of the inputs, from the training data.
        outputs: one model per property.
        notes: every fall-back that was taken, in words.
        digest: sha256 of the training data and hyperparameters.
        failures: what is thought of the success of validations; None while none failed.
        variables: what may be chosen beside the composition, ``v`` of them.
    """

    physics: Physics
    elements: tuple[str, ...]
    scaling: Scaling
    outputs: Mapping[str, Output]
    notes: tuple[str, ...]
    digest: str
    failures: Failures | None = None
    variables: Variables = NO_VARIABLES

    @classmethod
    def fit(
        cls,
        physics: Physics,
        elements: tuple[str, ...],
        inputs: Floats,
        values: Mapping[str, Floats],
        inference: Inference = "map",
        *,
        failed: Bools | None = None,
        stds: Mapping[str, Floats] | None = None,
        foreign: tuple[str, ...] = (),
        variables: Variables = NO_VARIABLES,
        scaling: Scaling | None = None,
        before: Surrogate | None = None,
        asked: NDArray[np.int64] | None = None,
        tasks: Sequence[ForeignTask] = (),
    ) -> Surrogate:
        """Fits every property to what is known of it; the same arguments give the same surrogate.

        Args:
            physics: what is known before any data.
            elements: the palette, in the order of the columns.
            inputs: atomic fractions of palette and foreign elements, then the variables, shape
                ``(n, len(elements + foreign) + v)``; repeats are rows of their own.
            values: by property, shape ``(n,)`` each; NaN where unknown.
            inference: how hyperparameters are had, or whether several models vote; see `Inference`.
            failed: which validations failed for good, shape ``(n,)``; if None, those of which nothing is known.
            stds: of values, ``(n,)`` each, taken as they are; NaN or 0 where one noise for all such rows is learned.
            foreign: elements outside the palette, of the columns behind the palette's.
            variables: what may be chosen beside the composition.
            scaling: of the inputs; that of the rows if None.
            before: of nearly the same rows, scaled alike: models that vote keep what it learned.
            asked: the batch of each row, shape ``(n,)``, 0 for what no model chose; None where there were no batches.
            tasks: points of other sources or conditions, which are used where they do not harm.

        Raises:
            InputError: where NumPyro is needed and missing; for wrong shapes, values that are infinite or beyond what
                the property can be, impossible standard deviations or fractions, a property that cannot be modelled.
        """
        notes: list[str] = []
        known = Training.checked(physics, elements, inputs, values, failed, stds, foreign, notes, variables, asked)
        own = scaling or Scaling.fit(known.described.raw()[known.seen], known.described.indicators)
        others = describe_all(tasks, physics, elements, sorted(known.table), variables, notes)
        if others:
            said, over = list[str](), scaling or scaling_over(known, others)
            found = cls._of(known, over, inference, before, notes, others, said)
            if any(is_linked(output) for output in found.outputs.values()):
                return found
            notes += said
        return cls._of(known, own, inference, before, notes)  # what is not used leaves no trace in the scaling either

    @classmethod
    def _of(
        cls,
        known: Training,
        scaling: Scaling,
        inference: Inference,
        before: Surrogate | None,
        notes: Sequence[str],
        others: Sequence[DescribedTask] = (),
        said: list[str] | None = None,
    ) -> Surrogate:
        """Fits every property; ``said`` receives what became of the tasks."""
        described, table, told = known.described, known.table, [*notes]
        scaled = scaling.apply(described.raw())
        kept, asked = {} if before is None else before.outputs, known.asked
        outputs = {
            name: fit_output(name, described, scaled, table, told, inference, known.stds, kept.get(name), asked)
            for name in sorted(table)
        }
        about = [] if said is None else said
        if others:
            outputs = {name: with_tasks(output, known, scaling, others, about) for name, output in outputs.items()}
        told += about
        failures = Failures.fit(described.raw(), known.failed, told, described.indicators)
        digest = digest_of_fit(described.elements, [*(task.known for task in others), known], outputs, failures)
        physics, variables = described.physics, described.variables
        return cls(physics, described.elements, scaling, outputs, tuple(told), digest, failures, variables)

    @property
    def names(self) -> tuple[str, ...]:
        """The modelled properties, alphabetically."""
        return tuple(self.outputs)

    @property
    def combined(self) -> Mapping[str, CombinedOutput]:
        """What is computed from the modelled properties by expressions of the campaign's own."""
        return combined_outputs(self.physics, self.outputs)

    def warp_of(self, name: str) -> Warp:
        """The scale on which a modelled or computed property is Gaussian."""
        return self.outputs[name].warp if name in self.outputs else self.combined[name].warp

    @property
    def sources(self) -> frozenset[str]:
        """The modelled properties that others follow from."""
        return frozenset(output.source for output in self.outputs.values() if output.chained)

    def describe(self, inputs: Floats) -> Described:
        """Designs with their descriptors, to be used for several questions.

        Args:
            inputs: atomic fractions, then a column for each variable, shape ``(m, d + v)``, as `Space.inputs` gives.

        Raises:
            InputError: if the number of columns is another, or a row is no composition.
        """
        inputs = numbers("inputs", inputs)
        split_inputs(self.elements, self.variables, inputs)
        return Described.of(self.physics, self.elements, inputs, (), self.variables)

    def predict(
        self, inputs: Floats | Described, latent: Latent | None = None, *, noise: bool = False
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Means and standard deviations of the properties in their own units.

        Args:
            inputs: of designs, shape ``(m, d + v)``, or what `describe` made of them.
            latent: what `latent` made of them, so that several questions share the work.
            noise: whether of what validation will say, its scatter included, and not of the noise-free properties.

        Returns:
            two mappings from property to shape ``(m,)``.
        """
        described = self._described(inputs)
        latent = latent or self.latent(described)
        if noise:
            at = self.latent_inputs(described)
            noisy = {
                name: (latent[name][0], np.hypot(latent[name][1], self.outputs[name].noise(at))) for name in self.names
            }
            latent = self._with_combined(noisy, described)
        means, stds = {}, {}
        for name, (mean, std) in latent.items():
            means[name], stds[name] = self.warp_of(name).moments(mean, std)
        return means, stds

    def intervals(self, inputs: Floats | Described, width: float) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Ends of intervals of ``width`` standard deviations to both sides, in the properties' own units.

        Taken on the model's scale, where the uncertainty is Gaussian, and brought back from there.

        Args:
            inputs: of designs, shape ``(m, d + v)``, or what `describe` made of them.
            width: standard deviations on each side.

        Returns:
            lower and upper ends by property, each of shape ``(m,)``.
        """
        low, high = {}, {}
        for name, (mean, std) in self.latent(self._described(inputs)).items():
            warp = self.warp_of(name)
            low[name], high[name] = warp.backward(mean - width * std), warp.backward(mean + width * std)
        return low, high

    def probability_feasible(
        self, inputs: Floats | Described, problem: Problem, latent: Latent | None = None
    ) -> Floats:
        """Chance that validation succeeds and every constraint holds, shape ``(m,)``.

        Product over the properties, taken as independent; constraints in closed form count as 0 or 1.

        Raises:
            InputError: if a constraint is on a property that is neither modelled nor in closed form.
        """
        described = self._described(inputs)
        total = np.ones(len(described))
        for chance in self.constraint_probabilities(described, problem, latent).values():
            total *= chance
        return total if self.failures is None else total * self.probability_success(described)

    def probability_success(self, inputs: Floats | Described) -> Floats:
        """Chance that validation succeeds, shape ``(m,)``; 1 while no validation failed."""
        described = self._described(inputs)
        return np.ones(len(described)) if self.failures is None else self.failures.probability(described.raw())

    def constraint_probabilities(
        self, inputs: Floats | Described, problem: Problem, latent: Latent | None = None
    ) -> dict[str, Floats]:
        """Chance of each constrained property's constraints together, by property, each of shape ``(m,)``.

        Raises:
            InputError: if a constraint is on a property that is neither modelled nor in closed form.
        """
        described = self._described(inputs)
        names = dict.fromkeys(constraint.name for constraint in problem.goal.constraints)
        latent = latent or (self.latent(described) if names else {})
        chances = {}
        for name in names:
            bounds = [constraint for constraint in problem.goal.constraints if constraint.name == name]
            if problem.has_closed_form(name):
                exact = problem.closed_form(name, described.inputs)
                chances[name] = np.all([c.holds(exact) for c in bounds], axis=0).astype(np.float64)
            elif name in latent:
                chances[name] = _between(bounds, self.warp_of(name), *latent[name])
            else:
                raise InputError(f"no model answers the constraint on {name}; modelled are {', '.join(self.names)}")
        return chances

    def quick(self) -> Surrogate:
        """The same for large pools: single precision and standard deviations bounded from above; only predicts."""
        return replace(self, outputs={name: output.quickened() for name, output in self.outputs.items()})

    def leave_one_out(self) -> dict[str, Score]:
        """Calibration of each property with every observation left out in turn, hyperparameters kept.

        On the modelled scale: the property's own unit, except phase fractions (see `surrogates.model.warps`).
        Properties with fewer than two observations are left out.
        """
        scores = {}
        for name, output in self.outputs.items():
            if (left_out := output.leave_one_out()) is not None:
                scores[name] = score(*left_out)
        return scores

    def latent_inputs(self, described: Described) -> Floats:
        """Scaled inputs of the Gaussian processes, shape ``(m, d)``."""
        return self.scaling.apply(described.raw())

    def _described(self, inputs: Floats | Described) -> Described:
        return inputs if isinstance(inputs, Described) else self.describe(inputs)

    def latent(self, described: Described) -> Latent:
        """Means and standard deviations on the modelled scales, each of shape ``(m,)``, by property."""
        inputs = self.latent_inputs(described)
        priors = described.prior_means()
        found: dict[str, tuple[Floats, Floats]] = {}
        for name, output in self.outputs.items():
            if not output.chained:
                found[name] = output.predict(inputs, priors)
        for name, output in self.outputs.items():
            if output.chained:
                found[name] = output.predict_chained(inputs, described, found[output.source])
        return self._with_combined({name: found[name] for name in self.outputs}, described)

    def _with_combined(self, latent: Latent, described: Described) -> Latent:
        combined = {name: rule.predict(described, self.outputs, latent) for name, rule in self.combined.items()}
        return {**latent, **combined}


def _between(bounds: list[Constraint], warp: Warp, mean: Floats, std: Floats) -> Floats:
    low, high = np.zeros(len(mean)), np.ones(len(mean))
    for constraint in bounds:
        level = ndtr((warp.forward(np.array([constraint.bound]))[0] - mean) / std)
        if constraint.sign > 0:
            low = np.maximum(low, level)
        else:
            high = np.minimum(high, level)
    return np.maximum(high - low, 0.0)
