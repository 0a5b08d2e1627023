"""What a composition's properties are: closed forms where there are, forward surrogates trained on the data where not.

The papers judge generators by a forward model trained on the same data (Tung et al. 2022, section 4.1); a closed
form is better where the property has one, because a surrogate's errors are no generator's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict

from alloys.errors import InputError
from alloys.physics.closed_forms import CLOSED_FORMS, closed_form
from alloys.space import Floats
from generators.evaluation.measures import mape
from generators.evaluation.table import LabelledAlloys

Kind = Literal["reference", "surrogate"]

GRID = {"gamma": [1.0, 3.0, 10.0, 30.0], "alpha": [1e-3, 1e-2, 1e-1]}
"""Kernel widths (on fractions) and penalties tried."""


class ForwardSurrogate:
    """Kernel ridge regression with a Gaussian kernel on atomic fractions: smooth, so that it can be followed.

    Width and penalty are those of least squared error over five folds.

    Attributes:
        error_percent: MAPE of five-fold predictions, percent.
    """

    def __init__(self, fractions: Floats, values: Floats) -> None:
        """Fits to fractions, shape ``(n, d)``, and values, shape ``(n,)``."""
        self._mean, self._scale = float(values.mean()), float(values.std())
        scaled = (values - self._mean) / self._scale
        folds = KFold(5, shuffle=True, random_state=0)
        search = GridSearchCV(KernelRidge(kernel="rbf"), GRID, scoring="neg_mean_squared_error", cv=folds)
        self._model = search.fit(fractions, scaled).best_estimator_
        unseen = cross_val_predict(self._model, fractions, scaled, cv=folds) * self._scale + self._mean
        self.error_percent = mape(unseen, values)

    def __call__(self, fractions: Floats) -> Floats:
        """Predictions of shape ``(m,)``."""
        pieces = [self._model.predict(fractions[i : i + 4096]) for i in range(0, len(fractions), 4096)]
        return np.concatenate([np.empty(0), *pieces]) * self._scale + self._mean


@dataclass(frozen=True, slots=True)
class Oracle:
    """The properties of any compositions of a space.

    Attributes:
        elements: the columns of fractions.
        names: the columns of properties.
        surrogates: forward models of the properties that have no closed form.
    """

    elements: tuple[str, ...]
    names: tuple[str, ...]
    surrogates: dict[str, ForwardSurrogate]

    @classmethod
    def of(cls, data: LabelledAlloys) -> Oracle:
        """The oracle of a table; its surrogates see these rows alone.

        Raises:
            InputError: if a closed form lacks a number of an element.
        """
        elements = data.space.elements
        for name in (n for n in data.names if n in CLOSED_FORMS):
            probe = np.full((1, len(elements)), 1 / len(elements))
            try:
                closed_form(name, elements, probe)
            except InputError as error:
                raise InputError(f"{data.source}: {name} cannot be computed for every element: {error}") from error
        fitted = {
            name: ForwardSurrogate(data.fractions, data.values[:, k])
            for k, name in enumerate(data.names)
            if name not in CLOSED_FORMS
        }
        return cls(elements, data.names, fitted)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Which of both answers each property."""
        return {name: "surrogate" if name in self.surrogates else "reference" for name in self.names}

    def __call__(self, fractions: Floats) -> Floats:
        """Properties of shape ``(m, p)`` of atomic fractions of shape ``(m, d)``."""
        columns = [
            self.surrogates[name](fractions) if name in self.surrogates else closed_form(name, self.elements, fractions)
            for name in self.names
        ]
        return np.stack(columns, axis=1)
