"""A paper's credibility is found again where it was made up."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.points.credibility import paper_noise

_SOURCES = [f"10.1000/{paper}" for paper in range(120)]


def _made(tau: float, shared: float, seed: int = 20) -> tuple[np.ndarray, list[str], dict[str, float], np.ndarray]:
    """Residuals, their sources, each paper's true noise, and the variances that a model would state."""
    rng = np.random.default_rng(seed)
    residuals, sources, stated = [], [], []
    truths = {}
    for source in _SOURCES:
        truths[source] = float(np.exp(0.5 * rng.normal(2 * np.log(0.15), tau)))
        count = int(rng.integers(1, 15))
        variances = rng.uniform(0.0, 0.01, count)
        noise = rng.normal(0, np.sqrt(truths[source] ** 2 + variances))
        residuals.append(rng.normal(0, shared) + noise)
        stated.append(variances)
        sources += [source] * count
    return np.concatenate(residuals), sources, truths, np.concatenate(stated)


def test_the_noise_of_papers_is_found_again() -> None:
    residuals, sources, truths, stated = _made(tau=1.2, shared=0.2)
    found = paper_noise(residuals, sources, stated)
    assert found.spread == pytest.approx(1.2, abs=0.3)
    assert found.shared == pytest.approx(0.2, abs=0.05)
    several = [source for source in _SOURCES if sources.count(source) >= 5]
    told = np.log([found.std(source) for source in several])
    true = np.log([truths[source] for source in several])
    assert np.corrcoef(told, true)[0, 1] > 0.8
    assert abs(np.median(told - true)) < 0.12


def test_papers_of_few_points_are_told_better_than_by_their_own_scatter() -> None:
    residuals, sources, truths, stated = _made(tau=0.6, shared=0.2)
    found = paper_noise(residuals, sources, stated)
    few = [source for source in _SOURCES if 2 <= sources.count(source) <= 5]
    true = np.log([truths[source] for source in few])
    told = np.log([found.std(source) for source in few])
    raw = np.log([np.std(residuals[np.array(sources) == source], ddof=1) for source in few])
    assert np.mean((told - true) ** 2) < 0.5 * np.mean((raw - true) ** 2)


def test_papers_that_do_not_differ_are_told_alike() -> None:
    residuals, sources, _, stated = _made(tau=0.0, shared=0.0)
    found = paper_noise(residuals, sources, stated)
    assert found.shared < 0.05
    assert max(found.stds.values()) < 1.6 * min(found.stds.values())


def test_a_paper_of_one_point_is_believed_as_papers_usually_are() -> None:
    residuals, sources, _, stated = _made(tau=1.0, shared=0.1)
    residuals[sources.index(next(s for s in _SOURCES if sources.count(s) == 1))] = 0.0
    found = paper_noise(residuals, sources, stated)
    alone = [found.std(source) for source in _SOURCES if sources.count(source) == 1]
    assert all(0.4 < std / found.usual < 2.5 for std in alone)
    assert found.std("10.1000/unheard") == found.usual


def test_few_papers_share_one_noise() -> None:
    found = paper_noise(np.array([0.1, -0.1, 0.2]), ["a", "a", "b"])
    assert found.std("a") == found.std("b") == found.usual


def test_what_is_no_residual_is_refused() -> None:
    with pytest.raises(InputError, match="one source"):
        paper_noise(np.array([0.1]), ["a", "b"])
    with pytest.raises(InputError, match="finite"):
        paper_noise(np.array([np.nan]), ["a"])
