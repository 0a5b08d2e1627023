"""What the benchmark of inference measures: an average over hyperparameters beside the most probable ones."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.inference import scores


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("numpyro") is None, reason="NumPyro is not installed: pip install 'alloyloop[bayesian]'"
)
def test_of_24_alloys_an_average_is_no_worse_than_the_most_probable_hyperparameters() -> None:
    most_probable, averaged = scores("solidus", points=24, seed=0)
    assert averaged.nll <= most_probable.nll
    assert averaged.coverage >= most_probable.coverage
