"""The covariance of the correction to the edge model: a sum of terms, each of which can be read by itself.

    log y = log y_edge + delta + paper + noise,
    cov = sum over terms of s^2 (w . w') prod_k m(|z_k - z_k'| / l_k) [same group]

with w the columns that a term is linear in, z_k the places it is smooth in (m is the Matern 5/2 kernel), and groups
what tests share, such as their paper. This is the autoregressive model of Kennedy & O'Hagan, Biometrika 87 (2000) 1,
with two fidelities, the edge model and the furnace: a term linear in the edge model's log strength, with the variance
of rho about 1, stands for their regression coefficient, integrated out (Rasmussen & Williams 2006, section 2.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from validation.strength.inputs import StrengthInputs
from validation.strength.measurements import Floats


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the covariance.

    Attributes:
        column: what it is linear in.
        places: what it is smooth in.
        group: what tests must share for it; empty for all tests.
        std: its standard deviation where that is not learned.
    """

    column: str = "one"
    places: tuple[str, ...] = ()
    group: str = ""
    std: float | None = None


TERMS = (
    Term(std=1.0),  # an offset of all
    Term("edge", std=0.5),  # rho - 1
    Term("temperature"),
    Term("softening"),
    Term("shares"),  # what each element adds
    Term("shares", ("temperature",)),  # and how that changes with temperature
    Term(places=("composition",)),
    Term(places=("composition", "homologous")),
    Term(group="source"),
    Term("hot", group="source"),
    Term(group="processing"),
    Term(group="test"),
)
"""Chosen by leave-one-paper-out at temperatures other than 25, 1000 and 1200 °C: docs/materials/strength.md."""

WITHOUT_EDGE = tuple(term for term in TERMS if term.column not in {"edge", "softening"})
"""The same without what the edge model says."""


@dataclass(frozen=True)
class Covariance:
    """The covariance between two sets of tests, as a function of the hyperparameters.

    Attributes:
        terms: its parts.
        left: ``n`` tests.
        right: ``m`` tests.
    """

    terms: tuple[Term, ...]
    left: StrengthInputs
    right: StrengthInputs
    _still: tuple[Floats, ...] = field(init=False)
    _squares: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_still", tuple(_still(term, self.left, self.right) for term in self.terms))
        squares = {name: _squares(self.left.places[name], self.right.places[name]) for name in places_of(self.terms)}
        object.__setattr__(self, "_squares", squares)

    def at(self, hyper: Hyper) -> Floats:
        """Shape ``(n, m)``."""
        smooth = {name: matern(self._squares[name], hyper.lengths[name])[0] for name in self._squares}
        total = np.zeros((len(self.left), len(self.right)))
        for term, still, std in zip(self.terms, self._still, hyper.stds, strict=True):
            total += std**2 * _product([still, *(smooth[name] for name in term.places)])
        return total

    def with_gradient(self, hyper: Hyper) -> tuple[Floats, list[Floats]]:
        """The covariance, and its derivatives by the log of each learned deviation and of each length, in order."""
        pairs = {name: matern(self._squares[name], hyper.lengths[name]) for name in self._squares}
        total = np.zeros((len(self.left), len(self.right)))
        by_std: list[Floats] = []
        by_length = {name: np.zeros_like(total) for name in pairs}
        for term, still, std in zip(self.terms, self._still, hyper.stds, strict=True):
            part = std**2 * _product([still, *(pairs[name][0] for name in term.places)])
            total += part
            if term.std is None:
                by_std.append(2 * part)
            for name in term.places:
                others = (pairs[other][0] for other in term.places if other != name)
                by_length[name] += std**2 * _product([still, pairs[name][1], *others])
        return total, [*by_std, *by_length.values()]


@dataclass(frozen=True, slots=True)
class Hyper:
    """What is learned.

    Attributes:
        stds: of each term.
        lengths: of each place.
        noise: standard deviation of the noise at room temperature.
        warming: change of its log by a thousand degrees.
    """

    stds: tuple[float, ...]
    lengths: dict[str, float]
    noise: float
    warming: float

    @classmethod
    def of(cls, terms: Sequence[Term], theta: Floats) -> Hyper:
        """Reads the logs of the learned deviations, of the lengths and of the noise, and the warming."""
        learned = iter(np.exp(theta[:-1]).tolist())
        stds = tuple(next(learned) if term.std is None else term.std for term in terms)
        lengths = {name: next(learned) for name in places_of(terms)}
        return cls(stds, lengths, next(learned), float(theta[-1]))

    def noises(self, inputs: StrengthInputs) -> Floats:
        """Variances of the noise, shape ``(n,)``."""
        return np.asarray(np.exp(2 * (np.log(self.noise) + self.warming * inputs.heat)))


def prior_of(terms: Sequence[Term]) -> tuple[Floats, Floats]:
    """Means and standard deviations of the normal prior of the hyperparameters, in the order of `Hyper.of`.

    A term explains about 20 % of strength, repeated tests scatter by about 12 %, and what is smooth hardly changes
    within a step of `StrengthInputs.places`.
    """
    stds, lengths = sum(term.std is None for term in terms), len(places_of(terms))
    mean = np.concatenate([np.full(stds, np.log(0.2)), np.full(lengths, np.log(1.5)), [np.log(0.12), 0.0]])
    return mean, np.concatenate([np.full(stds, 0.6), np.full(lengths, 0.4), [0.5, 0.7]])


def places_of(terms: Sequence[Term]) -> tuple[str, ...]:
    """The places of some terms, each once."""
    return tuple(dict.fromkeys(name for term in terms for name in term.places))


def variances(terms: Sequence[Term], hyper: Hyper, inputs: StrengthInputs) -> Floats:
    """Variance of each test before any data, without noise, shape ``(n,)``."""
    squares = [np.square(inputs.columns[term.column]).sum(axis=1) for term in terms]
    return np.asarray(np.square(hyper.stds) @ np.array(squares))


def matern(squares: Floats, length: float) -> tuple[Floats, Floats]:
    """Matern 5/2 kernel at squared distances, and its derivative by the log of the length.

    (1 + s + s^2 / 3) exp(-s), s = sqrt(5) r / l (Rasmussen & Williams 2006, eq. 4.17).
    """
    s = np.sqrt(5 * squares) / length
    fall = np.exp(-s)
    return (1 + s + s * s / 3) * fall, s * s / 3 * (1 + s) * fall


def _squares(left: Floats, right: Floats) -> Floats:
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2 * left @ right.T
    return np.asarray(np.maximum(squares, 0.0))


def _still(term: Term, left: StrengthInputs, right: StrengthInputs) -> Floats:
    """The part of a term that no hyperparameter changes."""
    linear = left.columns[term.column] @ right.columns[term.column].T
    if not term.group:
        return np.asarray(linear)
    mine, theirs = left.groups[term.group], right.groups[term.group]
    return np.asarray(linear * ((mine[:, None] == theirs[None, :]) & (mine != "")[:, None]))


def _product(parts: Sequence[Floats]) -> Floats:
    total = parts[0]
    for part in parts[1:]:
        total = total * part
    return total
