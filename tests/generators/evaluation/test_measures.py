"""Every measure against a case computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generators.evaluation import measures
from generators.evaluation.measures import classifier_auc, hits
from generators.likeness import Neighbourhood

HALF = np.array([0.5, 0.5, 0.0])
PURE = np.eye(3)


def line(*amounts: float) -> np.ndarray:
    """Alloys of two elements."""
    first = np.array(amounts)
    return np.stack([first, 1 - first, np.zeros_like(first)], axis=1)


def test_mape_is_the_mean_over_samples_and_properties() -> None:
    predicted = np.array([[110.0, 1.0], [100.0, 3.0]])
    target = np.array([100.0, 2.0])
    assert measures.absolute_percentage_error(predicted, target) == pytest.approx(np.array([[10, 50], [0, 50]]))
    assert measures.mape(predicted, target) == pytest.approx(27.5)
    assert measures.worst(np.array([1.0, 7.0, 3.0])) == 7.0
    assert math.isnan(measures.mape(np.empty((0, 2)), target))


def test_copies_are_samples_that_point_where_a_training_alloy_does() -> None:
    """(0.9, 0.1) has cosine 0.9 / sqrt 0.82 = 0.9939 to the pure element, (0.8, 0.2) has 0.9701."""
    rows = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    assert measures.copies(rows, PURE[:1]) == 0.5


def test_unique_rows() -> None:
    assert measures.unique(np.array([[1, 2], [1, 2], [2, 1], [3, 0]])) == 0.75
    assert math.isnan(measures.unique(np.empty((0, 2), dtype=np.int64)))


@pytest.mark.parametrize(("rows", "score"), [(PURE, 3.0), (PURE[[0, 0, 0]], 1.0), (PURE[[0, 0, 1, 1]], 2.0)])
def test_vendi_counts_what_is_different(rows: np.ndarray, score: float) -> None:
    assert measures.vendi(rows) == pytest.approx(score)


def test_vendi_of_two_alike() -> None:
    """Two samples with cosine s: eigenvalues (1 + s) / 2 and (1 - s) / 2."""
    high, low = (1 + math.sqrt(0.5)) / 2, (1 - math.sqrt(0.5)) / 2
    expected = math.exp(-high * math.log(high) - low * math.log(low))
    assert measures.vendi(np.stack([PURE[0], HALF])) == pytest.approx(expected)


def test_total_variation_of_element_counts() -> None:
    """One, one, two elements against one, two, two, two: |2/3 - 1/4| = 5/12 either way."""
    first = np.stack([PURE[0], PURE[1], HALF])
    second = np.stack([PURE[0], HALF, HALF, HALF])
    assert measures.count_total_variation(first, second) == pytest.approx(5 / 12)
    assert measures.count_total_variation(first, first) == 0.0
    assert math.isnan(measures.count_total_variation(np.empty((0, 3)), first))


def test_element_correlation_is_numpy_s_and_zero_for_a_constant() -> None:
    rows = np.random.default_rng(1).dirichlet(np.ones(3), size=20)
    assert measures.element_correlation(rows) == pytest.approx(np.corrcoef(rows.T))
    padded = np.column_stack([rows, np.zeros(20)])
    assert (measures.element_correlation(padded)[3] == 0).all()


def test_correlation_agreement() -> None:
    rows = np.random.default_rng(2).dirichlet([1.0, 2.0, 3.0, 1.0], size=50)
    assert measures.correlation_agreement(rows, rows) == pytest.approx(1.0)
    assert measures.correlation_agreement(rows[:, [1, 0, 3, 2]], rows) < 0.999
    assert math.isnan(measures.correlation_agreement(PURE[[0, 0]], PURE))


def test_best_of_takes_the_best_draw_of_each_and_counts_silence_as_nothing() -> None:
    drawn = np.stack([PURE[0], HALF, PURE[2]])
    owners = np.array([0, 0, 1])
    originals = np.stack([HALF, HALF, PURE[1]])
    assert measures.best_of(drawn, owners, originals) == pytest.approx((1.0 + 0.0 + 0.0) / 3)


def test_cosine_to_the_original() -> None:
    assert measures.cosine_to(HALF[None], PURE[:1]) == pytest.approx([1 / math.sqrt(2)])


def test_the_classifier_cannot_tell_equals_and_can_tell_strangers() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(4), size=(2, 120))
    strangers = rng.dirichlet([8, 1, 1, 1], size=120)
    assert classifier_auc(first, second, seed=0) == pytest.approx(0.5, abs=0.1)
    assert classifier_auc(strangers, second, seed=0) > 0.85
    assert classifier_auc(first, second, seed=0) == classifier_auc(first, second, seed=0)
    assert math.isnan(classifier_auc(first[:5], second, seed=0))


def test_hits_count_what_passes_every_filter() -> None:
    training = line(0.2, 0.6)
    near = Neighbourhood.of(training, k=1)
    rows = line(0.2, 0.35, 0.36, 0.45, 0.4)
    errors = np.array([[0.0], [0.0], [0.0], [0.02], [0.03]])
    # 0.2 is a copy; 0.36 (cosine 0.9999) and 0.45 (0.982) are like 0.35; 0.4 misses its target.
    assert hits(rows, errors, training, near) == 1
    far = line(0.3, 0.48)  # cosine 0.943 to one another
    assert hits(far, np.zeros((2, 1)), line(0.1, 0.9), Neighbourhood.of(line(0.1, 0.9), k=1)) == 2
    assert hits(rows[:0], errors[:0], training, near) == 0


def test_hits_refuse_pairs_that_do_not_occur() -> None:
    training = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    near = Neighbourhood.of(training, k=1)
    strange = np.array([[0.4, 0.2, 0.4]])
    assert near.covers(strange).all()
    assert hits(strange, np.zeros((1, 1)), training, near) == 0
