"""Which split a question resembles: what of it nobody has observed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.splits.folds import MEANINGS
from loop.review import resembling
from loop.review.resembling import AskedValue, Observed, resemblance, resemblance_line, resemblance_notes
from tests.loop.loop_helpers import ROOT

SYSTEMS = [frozenset(Composition.parse(text).elements) for text in ("NbTa", "NbW", "NbTaW", "MoNb") * 4]
OBSERVED = Observed(SYSTEMS, {"density": np.arange(16.0)})


@pytest.mark.parametrize(
    ("formula", "asked", "split", "because"),
    [
        ("NbTaRe", 8.0, "element", "Re is in no observation"),
        ("ReOs", 8.0, "element", "Os, Re are in no observation"),
        ("MoTa", 8.0, "system", "no observation has just Mo-Ta"),
        ("NbTa", 15.0, "top", "density beyond nine tenths of the observations"),
        ("NbTa", 0.0, "top", "density beyond nine tenths of the observations"),
        ("NbTa", 8.0, "random", "its elements occur together, and its values too"),
    ],
)
def test_what_is_new_in_a_question_says_which_split_it_is_like(
    formula: str, asked: float, split: str, because: str
) -> None:
    found = resemblance(OBSERVED, Composition.parse(formula).elements, [AskedValue("density", asked, asked)])
    assert found == {"split": split, "because": because}


def test_only_the_side_that_is_sought_is_far() -> None:
    values = OBSERVED.values["density"]
    assert AskedValue("density", 15.0, 15.0, 1).is_beyond(values)
    assert not AskedValue("density", 0.0, 0.0, 1).is_beyond(values)
    assert AskedValue("density", 0.0, 0.0, -1).is_beyond(values)
    assert not AskedValue("density", 8.0, 99.0).is_beyond(values)


def test_nothing_is_said_of_a_handful_of_observations() -> None:
    assert resemblance(Observed(SYSTEMS[:4], {}), {"Re"}) is None
    assert not AskedValue("density", 99.0, 99.0).is_beyond(np.arange(9.0))


def test_a_surrogate_is_told_of_in_one_line_and_generators_by_the_number_of_alloys() -> None:
    errors, within = resembling.SURROGATE["element"]
    line = resemblance_line(
        {"split": "element", "because": "Re is in no observation", "errors": errors, "within_90": within}
    )
    assert line.startswith("Re is in no observation: like leaving out an element, where errors were 1.6 to 4.8 times")
    assert "\n" not in line
    some = {"split": "system", "because": "no observation has just Mo-Ta"}
    other = {"split": "random", "because": "nothing new"}
    assert [note[:44] for note in resemblance_notes([some, some, other, None])] == [
        "2 of 4 alloys: no observation has just Mo-Ta"
    ]
    assert [note[:26] for note in resemblance_notes([other, other])] == ["2 of 2 alloys: nothing new"]


def test_what_is_told_of_each_split_stands_in_the_results_file() -> None:
    text = (ROOT / "benchmarks/results/generators/generalisation.txt").read_text("utf-8")
    rows = re.findall(r"^ *(random|element|system|top) +\d+ +\d+ +([\d.]+) +\S+ +\S+ +([\d.]+)%", text, re.MULTILINE)
    tables: list[dict[str, tuple[float, float]]] = []
    for split, error, within in rows:
        if split == "random":
            tables.append({})
        tables[-1][split] = float(error), round(float(within)) / 100
    assert len(tables) == 2
    for split, (errors, shares) in resembling.SURROGATE.items():
        ratios = sorted(table[split][0] / table["random"][0] for table in tables)
        assert [round(ratio, 1) for ratio in ratios] == list(errors), split
        assert sorted(table[split][1] for table in tables) == list(shares), split
    for split, cosine in resembling.GENERATORS.items():
        (found,) = re.findall(rf"^ *cae +{split} +\d+ +\d+ +\S+ +([\d.]+)", text, re.MULTILINE)
        assert float(found) == pytest.approx(cosine, abs=0.0051), split
    assert set(resembling.SURROGATE) == set(resembling.GENERATORS) == set(resembling.WORDS) < set(MEANINGS)
