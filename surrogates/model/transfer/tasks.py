"""Foreign tasks: what another source, or the same under another condition, said of a campaign's properties."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from alloys.physics.base import Physics
from alloys.space import Floats
from alloys.space.variables import Variables
from surrogates.model.choice import choosing, on_columns
from surrogates.model.features import Scaling
from surrogates.model.gp import GP
from surrogates.model.sparse import ResidualPrior, fit_gp, fit_residual
from surrogates.model.training import Training

T = TypeVar("T")

MOST = 1000
"""Points of a task that are used; of more, those with the least of elements outside the campaign."""

TELLING = 20
"""Points from which on a task is expected to say something of its own points, or else it is noise."""

CLEAR, EACH = 4.0, 0.05
"""By how many nats its points, each left out, must be better told by the others than by their mean, in all and for each
of them: the inputs that a model sees were chosen by the same points. A twentieth of a nat each is a tenth of the
variance."""


@dataclass(frozen=True, slots=True)
class ForeignTask:
    """Points of one source or condition; ``m`` of them.

    Attributes:
        name: what people call it.
        inputs: of the designs, as `Surrogate.fit` takes them, with the columns of ``foreign`` behind the palette's.
        values: by property, shape ``(m,)`` each; NaN where unknown.
        stds: standard deviations of some of the values, as in `Surrogate.fit`.
        foreign: elements outside the campaign.
    """

    name: str
    inputs: Floats
    values: Mapping[str, Floats]
    stds: Mapping[str, Floats] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()

    def described(
        self, physics: Physics, elements: tuple[str, ...], names: Sequence[str], variables: Variables
    ) -> DescribedTask | None:
        """What models take of it; None where it says nothing of the properties named.

        Raises:
            InputError: as `Surrogate.fit`.
        """
        values = {name: column for name, column in self.values.items() if name in names}
        seen = np.zeros(len(self.inputs), dtype=np.bool_)
        for column in values.values():
            seen |= np.isfinite(column)
        if not seen.any():
            return None
        outside = self.inputs[:, len(elements) : len(elements) + len(self.foreign)].sum(axis=1)
        order = np.argsort(outside, kind="stable")
        rows = np.sort(order[seen[order]][:MOST])
        values, stds = ({n: c[rows] for n, c in part.items() if n in values} for part in (values, self.stds))
        known = Training.checked(
            physics, elements, self.inputs[rows], values, None, stds, self.foreign, None, variables, bare=True
        )
        return DescribedTask(self.name, known, int(seen.sum()) - len(rows))


@dataclass(frozen=True, slots=True)
class DescribedTask:
    """A task with its descriptors.

    Attributes:
        name: what people call it.
        known: its points.
        left: points beyond `MOST`.
    """

    name: str
    known: Training
    left: int = 0

    @property
    def bare(self) -> bool:
        """Whether some of its compositions are told by their fractions alone, as the physics lacks a number."""
        return not bool(np.isfinite(self.known.described.descriptors).all())

    def raw(self) -> Floats:
        """As `Described.raw`; zero where the physics lacks a number."""
        return np.nan_to_num(self.known.described.raw(), nan=0.0)

    def columns(self) -> NDArray[np.int64]:
        """The inputs through which it may be seen."""
        described = self.known.described
        start = described.descriptors.shape[1] if self.bare else 0
        return np.arange(start, self.raw().shape[1])

    def fitted(
        self, prior: ResidualPrior, scaling: Scaling, rows: NDArray[np.bool_], targets: Floats
    ) -> tuple[GP | None, Floats]:
        """The task alone, and its scaled inputs; None where there is too little of it.

        Args:
            prior: what is expected of the targets.
            scaling: of the inputs.
            rows: which of its points are targets, shape ``(m,)``.
            targets: on the model's scale, as many as there are rows.
        """
        x, described = scaling.apply(self.raw())[rows], self.known.described
        plain = partial(fit_gp, free=len(described.variables.features))
        fit = on_columns(self.columns(), plain) if self.bare else choosing(described, plain)
        learn = partial(fit_residual, prior, x, targets, [], fit)
        return remembered(digest(x, targets, prior.given, prior.scatter, prior.broad, float(self.bare)), learn), x


def tells_of_itself(gp: GP) -> float:
    """Nats by which each point is told better by the others than by the mean and spread of all."""
    from scipy.stats import norm  # late: it imports for most of a second

    mean, std = gp.leave_one_out()
    truth = gp.observed()
    return float(norm.logpdf(truth, mean, std).sum() - norm.logpdf(truth, truth.mean(), truth.std() + 1e-300).sum())


def digest(*parts: Floats | float | None) -> str:
    """sha256 of numbers."""
    content = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(np.nan if part is None else part, dtype=np.float64)
        content.update(f"{part is None} {array.shape}".encode() + array.tobytes())
    return content.hexdigest()


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    ask: Callable[[], Any] = field(compare=False)


def remembered(key: str, ask: Callable[[], T]) -> T:
    """What is answered, or was lately under the same key: foreign points stay the same while a campaign goes on."""
    answer: T = _answered(_Question(key, ask))
    return answer


@lru_cache(maxsize=64)
def _answered(question: _Question) -> Any:
    return question.ask()


def describe_all(
    tasks: Sequence[ForeignTask],
    physics: Physics,
    elements: tuple[str, ...],
    names: Sequence[str],
    variables: Variables,
    notes: list[str],
) -> list[DescribedTask]:
    """The tasks that say something of the properties named; ``notes`` receives what is not used of them.

    Raises:
        InputError: as `Surrogate.fit`.
    """
    found = [task.described(physics, elements, names, variables) for task in tasks]
    described = [task for task in found if task is not None]
    for task in described:
        if task.left:
            notes.append(f"{task.name}: {MOST} points nearest to the campaign's elements are used, {task.left} are not")
        if task.bare:
            notes.append(f"{task.name}: seen through fractions alone, as the physics lacks numbers of its elements")
    return described


def scaling_over(own: Training, tasks: Sequence[DescribedTask]) -> Scaling:
    """The scaling of inputs by own rows and by those of tasks together: own ones may be few, and alike."""
    raw = [own.described.raw()[own.seen], *(task.raw() for task in tasks if not task.bare)]
    return Scaling.fit(np.concatenate(raw), own.described.indicators)
