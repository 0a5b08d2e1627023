"""How far a request lies from anything known, in words."""

from __future__ import annotations

import numpy as np
import pytest

from generators.asking.distance import TrainingSpread, distance_notes, training_spreads
from generators.asking.request import parse_targets
from generators.train import train
from tests.generators.helpers import PROPERTIES, QUICK, refractory_space, training_rows

SPREADS = {"density": TrainingSpread(9.0, 1.0, 4.0), "vec": TrainingSpread(4.8, 0.2, 4.0)}
KNOWN = {"density": np.array([7.0, 9.0, np.nan, 11.0]), "vec": np.array([4.5, 4.8, 5.0, 5.1])}


def notes(*texts: str, known: bool = True) -> list[str]:
    return distance_notes(parse_targets(texts), SPREADS, KNOWN if known else None)


def test_what_is_known_needs_no_note() -> None:
    assert notes("density=9") == []
    assert notes("density=7..11") == []
    assert notes("density=11.9", known=False) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("density=14", ["3 known values lie in [7, 11]", "the nearest is 11, 3 or 0.75 times", "5 training standard"]),
        ("density=6.5", ["the nearest is 7, 0.5 or 0.125 times the known range away", "2.5 training standard"]),
        ("density=8..13", ["the nearest is 11, 2 or 0.5 times", "4 training standard"]),
        ("density=4..11.5", ["the nearest is 7, 3 or 0.75 times"]),
        ("density=14", ["the generator takes it as 13, 4 standard deviations away"]),
        ("density=40", ["it cannot be true, density lies in [0.1, 30]"]),
    ],
)
def test_a_far_target_is_told_with_its_distance(text: str, parts: list[str]) -> None:
    (note,) = notes(text)
    assert note.startswith(str(parse_targets([text])[0]))
    for part in parts:
        assert part in note


def test_without_known_values_the_trainings_scale_speaks() -> None:
    (note,) = notes("density=3..10", known=False)
    assert "6 training standard deviations from the training's mean 9" in note
    assert "the generator takes it as 5, 4 standard deviations away" in note


def test_targets_far_only_together() -> None:
    (note,) = notes("density=7", "vec=5.1")
    assert "the nearest known alloy has density 9, vec 4.8, 2 training standard deviations away" in note
    assert notes("density=9", "vec=4.8") == []
    assert notes("density=9", "vec=4.5..4.8") == []


def test_together_with_no_alloy_in_common() -> None:
    known = {"density": np.array([9.0, np.nan]), "vec": np.array([np.nan, 4.8])}
    (note,) = distance_notes(parse_targets(["density=9", "vec=4.8"]), SPREADS, known)
    assert "no known alloy has values of all targets" in note


def test_a_trained_generator_tells_its_scale() -> None:
    space = refractory_space()
    points, values = training_rows(space, 30)
    values[:, 0] = 5.0
    spreads = training_spreads(train("cvae", space, PROPERTIES, points, values, QUICK, seed=0).generator())
    assert spreads is not None
    assert list(spreads) == list(PROPERTIES[1:])
    assert spreads["melting_point"].mean == pytest.approx(np.nanmean(values[:, 2]))
