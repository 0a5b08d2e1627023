"""Strength as a furnace would find it, as a validator: the edge model corrected by measurements, with an interval."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.elements import element_table, known_elements
from alloys.points.checking.values import plausible_values
from alloys.records import Failed, FailureKind, Measured, Verdict, canonical_json, digest_of, quantities
from validation.base import Description
from validation.strength.inputs import StrengthInputs
from validation.strength.measurements import PROPERTY, UNIT, Floats, StrengthMeasurements, Texts, read_measurements
from validation.strength.model import INTERVAL, PredictedStrength, StrengthModel

VERSION = 1
"""Raised whenever the same alloy could get another answer from the same measurements."""
SECONDS = 0.01
"""What one answer takes, about, once the measurements are learned from, which takes some seconds."""

NAMES = ("points", "table", "measurements", "temperatures", "processing", "test")
TEMPERATURES = (25, 1000, 1200, 1300)
"""°C, where none are set: three at which there are measurements, and that of the default campaign."""
_LOWEST_C, _HIGHEST_C = 10, 2500
_NAMED = 5
"""How many measurements that cannot be right are named."""


class StrengthValidator:
    """Yield strengths at some temperatures, each with a standard deviation, from published or own measurements.

    At each temperature it answers ``calibrated_yield_strength_{celsius}c``, the median of what tests by somebody new
    would find, and ``assured_yield_strength_{celsius}c``, which nineteen of twenty such tests exceed: the lower end of
    the 90 % interval. The standard deviation of the former over its value is that of the log: the interval is
    value · exp(±1.645 std / value).

    Settings: ``points``, a file of measurements (the published MPEA table, or points as ``alloyloop materials export``
    writes them), or ``table``, a materials table; ``temperatures`` in whole °C; ``processing`` and ``test``, in the
    words of the measurements, where it is known how the alloy will be made and tested. ``measurements`` are those of
    the file, as they travel.
    """

    name = "strength"
    takes_measurements = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads and checks the measurements; nothing is learned yet.

        Raises:
            InputError: for unknown settings, or measurements that cannot be had or are too few.
        """
        unknown = sorted(set(settings) - set(NAMES))
        if unknown:
            raise InputError(f"the validator 'strength' has no setting {', '.join(unknown)}; it has {', '.join(NAMES)}")
        self._temperatures = _temperatures(settings.get("temperatures", [*TEMPERATURES]))
        measured = _measurements(settings)
        self._rows = canonical_json(measured.rows())
        told = {"processing": measured.processing, "test": measured.tests}
        self._made = {key: _word(settings, key, words) for key, words in told.items()}

    @property
    def properties(self) -> tuple[str, ...]:
        """Two for each temperature."""
        return tuple(name for celsius in self._temperatures for name in _names(celsius))

    @property
    def portable_settings(self) -> dict[str, Any]:
        """Settings from which a worker without the file makes the same validator."""
        return {"measurements": json.loads(self._rows), **self._own}

    @property
    def _own(self) -> dict[str, Any]:
        return {"temperatures": [*self._temperatures], **{key: word for key, word in self._made.items() if word}}

    @property
    def fingerprint(self) -> str:
        """Digest of the version, the element table, the measurements and the settings."""
        table = {symbol: str(row) for symbol, row in element_table().items()}
        return digest_of({"name": self.name, "version": VERSION, "elements": table, **self.portable_settings})

    @property
    def description(self) -> Description:
        """What it answers, and from which measurements."""
        units = dict.fromkeys(self.properties, UNIT)
        data = (hashlib.sha256(self._rows.encode()).hexdigest(),)
        return Description(self.name, units, "calibrated on measurements", SECONDS, str(VERSION), self._own, data)

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements that the edge model does not know.

        Raises:
            InputError: naming them, and those that it knows.
        """
        lacking = sorted(set(elements) - set(known_elements()))
        if lacking:
            there = ", ".join(known_elements())
            raise InputError(f"the edge model does not know {', '.join(lacking)}; it knows {there}")

    def validate(self, design: Design) -> Verdict:
        """Strengths of one alloy, or a failure where it has elements that the edge model does not know."""
        start = time.perf_counter()
        try:
            self.check(design.composition.elements)
            learned, model = _learned(self._rows)
            shares = design.composition.fractions()
            fractions = np.array([[shares.get(symbol, 0.0) for symbol in known_elements()]])
            predicted = model.predict(self._tests(fractions))
            values, stds = self._answers(predicted)
            measured = quantities(values, stds=stds)
        except InputError as error:
            return Failed(FailureKind.PHYSICS, str(error), time.perf_counter() - start)
        return Measured(measured, time.perf_counter() - start, self._details(predicted, learned, fractions))

    def _tests(self, fractions: Floats) -> StrengthInputs:
        count = len(self._temperatures)
        words = {"source": "", **self._made}
        groups: dict[str, Texts] = {name: np.full(count, word) for name, word in words.items()}
        celsius = np.array(self._temperatures, dtype=np.float64)
        return StrengthInputs.of_tests(np.repeat(fractions, count, axis=0), celsius, groups)

    def _answers(self, predicted: PredictedStrength) -> tuple[dict[str, float], dict[str, float]]:
        """Values, and the standard deviations of the medians."""
        values: dict[str, float] = {}
        stds: dict[str, float] = {}
        rows = zip(self._temperatures, predicted.median, predicted.log_std, predicted.interval[0], strict=True)
        for celsius, median, spread, low in rows:
            calibrated, assured = _names(celsius)
            values |= {calibrated: float(median), assured: float(low)}
            stds[calibrated] = float(median * spread)
        return values, stds

    def _details(
        self, predicted: PredictedStrength, learned: StrengthMeasurements, fractions: Floats
    ) -> dict[str, Any]:
        """The intervals, the nearest measurements that speak for them, and measurements that cannot be right."""
        low, high = predicted.interval
        apart = 50 * np.abs(learned.fractions - fractions).sum(axis=1)
        found = []
        for i, celsius in enumerate(self._temperatures):
            row = int(np.lexsort((apart, np.abs(learned.celsius - celsius)))[0])
            near = _measurement(learned, row) | {"percent_away": float(apart[row])}
            found.append({"celsius": celsius, "share": INTERVAL, "low": low[i], "high": high[i], "nearest": near})
        usual = plausible_values()[PROPERTY]
        beyond = np.maximum(usual[0] / learned.values, learned.values / usual[1])
        odd = [row for row in np.argsort(-beyond) if beyond[row] > 1]  # the least likely first
        told = [_measurement(learned, int(row)) | {"source": str(learned.sources[row])} for row in odd[:_NAMED]]
        return {"intervals": found} | ({"implausible": told} if told else {})


VALIDATOR = StrengthValidator


@lru_cache(maxsize=2)
def _learned(rows: str) -> tuple[StrengthMeasurements, StrengthModel]:
    """The measurements, each once, and what is learned from them; learned once in a process."""
    every = StrengthMeasurements.of_rows(json.loads(rows))
    once = every.take(every.each_once(np.arange(len(every))))
    return once, StrengthModel.fit(once)


def _measurement(learned: StrengthMeasurements, row: int) -> dict[str, Any]:
    return {
        "formula": str(learned.formulas[row]),
        "celsius": float(learned.celsius[row]),
        "measured": float(learned.values[row]),
    }


def _names(celsius: int) -> tuple[str, str]:
    return f"calibrated_yield_strength_{celsius}c", f"assured_yield_strength_{celsius}c"


def _measurements(settings: Mapping[str, Any]) -> StrengthMeasurements:
    given = [name for name in ("points", "table", "measurements") if name in settings]
    if len(given) != 1:
        raise InputError(
            "the validator 'strength' needs measured strengths: give 'points', a file (the published MPEA table of "
            "Borg et al. 2020, which does not come with the project, or points that `alloyloop materials export` "
            f"wrote), or 'table', a materials table; one of them, got {', '.join(given) or 'none'}"
        )
    value = settings[given[0]]
    if given[0] == "measurements":
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise InputError(f"'measurements' is a list of rows, got {value!r}")
        return StrengthMeasurements.of_rows(value)
    if given[0] == "table":
        raise InputError("a materials table is read by alloyloop's commands; give its points as a file from elsewhere")
    if not isinstance(value, str) or not value:
        raise InputError(f"'points' is a path, got {value!r}")
    return read_measurements(Path(value))


def _temperatures(given: Any) -> tuple[int, ...]:
    whole = isinstance(given, list) and all(type(t) is int and _LOWEST_C <= t <= _HIGHEST_C for t in given)
    if not whole or not given or len(set(given)) < len(given):
        raise InputError(
            f"'temperatures' must be a list of whole °C from {_LOWEST_C} to {_HIGHEST_C}, each once, got {given!r}"
        )
    return tuple(sorted(given))


def _word(settings: Mapping[str, Any], key: str, words: Texts) -> str:
    value = settings.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"'{key}' is a text, in the words of the measurements, got {value!r}")
    there = sorted({*words.tolist()} - {""})
    if value and value not in there:
        raise InputError(f"no measurement has {key} {value!r}; they have {', '.join(there) or 'none'}")
    return value
