"""What counts as the best known where measurements scatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.properties import PROPERTIES
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext, Settings, believed
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, SPACE, pool, truth, wanted

NAME = "solidus"
PROBLEM = wanted([f"maximize {NAME}"])
OBSERVED, CANDIDATES = pool()[:30], pool()[300:700]


def _measured() -> tuple[np.ndarray, np.ndarray]:
    """Values of which the first was lucky by 900 K, with a standard deviation that says so."""
    values, stds = truth(OBSERVED)[NAME], np.full(len(OBSERVED), 10.0)
    values[0] += 900.0
    stds[0] = 500.0
    return values, stds


def _context(values: np.ndarray) -> BatchContext:
    nothing = OBSERVED[:0]
    return BatchContext(OBSERVED, {NAME: values}, nothing, nothing, np.array([1000.0]))


def _fit(values: np.ndarray, stds: np.ndarray | None) -> Surrogate:
    given = None if stds is None else {NAME: stds}
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(OBSERVED), {NAME: values}, stds=given)


def test_a_lucky_measurement_does_not_count_as_the_best_known() -> None:
    values, stds = _measured()
    told = believed(_fit(values, stds), PROBLEM, _context(values))[NAME]
    assert abs(told[0] - truth(OBSERVED)[NAME][0]) < 150
    np.testing.assert_allclose(told[1:], values[1:], atol=60)


def test_where_nothing_scatters_the_measurements_themselves_count() -> None:
    values, _ = _measured()
    context = _context(values)
    assert believed(_fit(values, None), PROBLEM, context) is context.values


def test_a_property_that_declares_its_scatter_is_believed_as_the_model_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROPERTIES, NAME, replace(PROPERTIES[NAME], scatter=200.0))
    surrogate, context = _fit(_measured()[0], None), _context(_measured()[0])
    means, _ = surrogate.predict(SPACE.fractions(OBSERVED))
    np.testing.assert_array_equal(believed(surrogate, PROBLEM, context)[NAME], means[NAME])


def test_an_unknown_value_stays_unknown() -> None:
    values, stds = _measured()
    values[3] = np.nan
    assert np.isnan(believed(_fit(values, stds), PROBLEM, _context(values))[NAME][3])


def test_the_short_list_looks_for_what_is_better_than_the_best_believed() -> None:
    values, stds = _measured()
    batch = choose_batch(
        _fit(values, stds), PROBLEM, [(CANDIDATES, "pool")], _context(values), q=4,
        settings=Settings(short_list=8, polish=0, climb=0),
    )  # fmt: skip
    picked = truth(np.array([pick.point for pick in batch.picks]))[NAME]
    assert picked.mean() > np.quantile(truth(CANDIDATES)[NAME], 0.97)
