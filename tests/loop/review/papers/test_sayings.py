"""Conclusions follow from the numbers, and turn when these do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from generators.evaluation.reproduction.published import PAPERS
from loop.review.papers.kept import Reproduction
from loop.review.papers.saying import debnath, tung
from loop.review.papers.saying.standing import Measure, measures, standings
from loop.review.papers.words import words_of


@pytest.fixture
def tung_done(done: list[Reproduction]) -> TungPictures:
    assert isinstance(done[0].pictures, TungPictures)
    return done[0].pictures


@pytest.fixture
def debnath_done(done: list[Reproduction]) -> DebnathPictures:
    assert isinstance(done[1].pictures, DebnathPictures)
    return done[1].pictures


def test_each_figure_has_words_of_the_paper_and_a_conclusion() -> None:
    for paper, said in zip(PAPERS, (tung.SAID, debnath.SAID), strict=True):
        assert set(words_of(paper).figures) == set(said)


def test_exchanged_labels_are_told_only_where_they_look_exchanged(tung_done: TungPictures) -> None:
    assert any("look exchanged" in line for line in tung.data(tung_done, words_of("tung-2022")))
    values = np.array(tung_done.values)
    straight = {"shear modulus": (20.0, 300.0), "toughness": (0.0, 60.0)}
    assert not any("look exchanged" in line for line in tung.labels(values, straight))


def test_a_latent_that_tells_nothing_is_said_to(tung_done: TungPictures) -> None:
    words = words_of("tung-2022")
    assert "3 of 3 dimensions tell alloys apart" in tung.latents(tung_done, words)[0]
    first = tung_done.models[0]
    assert first.latents is not None
    asleep = replace(first, latents=replace(first.latents, active=0))
    told = tung.latents(replace(tung_done, models=[asleep]), words)[0]
    assert "follows the condition alone" in told


def test_the_company_of_a_condition_is_counted() -> None:
    near = tung.alloys_near([[100.0, 1.0], [104.0, 1.05], [200.0, 1.0]], [[100.0, 1.0], [150.0, 1.0]])
    assert list(near) == [2.0, 0.0]


@pytest.mark.parametrize(("way", "said"), [(-1, "smaller where more alloys lie near"), (1, "larger where")])
def test_whether_data_lessen_errors_is_read_from_the_errors(tung_done: TungPictures, way: int, said: str) -> None:
    asked = [[float(g), 1.0] for g in range(100, 1100, 100)]
    alloys = [[100.0 * (k + 1), 1.0] for k in range(10) for _ in range(k + 1)]
    model = tung_done.models[0]
    errors = [[10.0 + way * k for k in range(10)]] * 2
    model = replace(model, diagonal=replace(model.diagonal, errors=errors))
    pictures = replace(tung_done, values=alloys, diagonal=asked, models=[model])
    assert said in tung.parity(pictures, words_of("tung-2022"))[0]


def _with_means(pictures: DebnathPictures, rows: dict[str, list[float]]) -> DebnathPictures:
    model = pictures.models[0]
    moduli = []
    for k, one in enumerate(model.moduli):
        mean = [rows.get(symbol, [0.1] * 4)[k] for symbol in pictures.elements]
        moduli.append(replace(one, means=[mean, mean]))
    return replace(pictures, models=[replace(model, moduli=moduli)])


def test_elements_that_rise_and_fall_are_held_against_the_paper_s(debnath_done: DebnathPictures) -> None:
    words = words_of("debnath-2021")
    elements = debnath_done.elements
    rising = [s for s in words.figures["moduli"].rising if s in elements]
    falling = [s for s in words.figures["moduli"].falling if s in elements]
    up, down = [0.01, 0.1, 0.2, 0.4], [0.4, 0.2, 0.1, 0.02]
    told = debnath.means(_with_means(debnath_done, dict.fromkeys(rising, up) | dict.fromkeys(falling, down)), words)
    assert not any("not." in line for line in told)
    assert f"{rising[0]} 1 to 40" in told[0]
    told = debnath.means(_with_means(debnath_done, dict.fromkeys(rising, down)), words)
    assert any(f"sees rise, none rises here, and {rising[0]} (40 to 2; its own modulus" in line for line in told)


def test_whether_the_other_property_follows_is_read_from_its_means(debnath_done: DebnathPictures) -> None:
    words = words_of("debnath-2021")
    model = debnath_done.models[1]

    def with_others(values: list[float]) -> DebnathPictures:
        moduli = [
            replace(one, values=[one.values[0], replace(one.values[1], mean=value)])
            for one, value in zip(model.moduli, values, strict=True)
        ]
        return replace(debnath_done, models=[replace(model, moduli=moduli)])

    assert (
        "toughness rises each time: 0.1, 0.2, 0.3, 0.4 MPa"
        in debnath.moduli(with_others([0.1, 0.2, 0.3, 0.4]), words)[0]
    )
    assert "does not rise each time" in debnath.moduli(with_others([0.1, 0.2, 0.15, 0.4]), words)[0]


def test_better_and_not_better_are_told_measure_by_measure() -> None:
    found = [Measure("error, %", {"paper": 3.0, "ours": 2.0}), Measure("likeness", {"paper": 0.5, "ours": 0.6})]
    assert standings(found, ["paper"]) == [
        "ours is better than every architecture of the paper in error; it is not in likeness (paper: 0.5)."
    ]
    assert standings(found, []) == []
    worse = [Measure("error, %", {"paper": 3.0, "ours": 4.0})]
    assert standings(worse, ["paper"]) == ["ours is not better in error (paper: 3)."]


def test_all_measures_are_of_all_models(done: list[Reproduction]) -> None:
    for one in done:
        for measure in measures(one.pictures):
            assert set(measure.values) == {"components", "nearest"}
            assert np.isfinite(list(measure.values.values())).all(), measure.name


def test_every_sentence_is_one(done: list[Reproduction]) -> None:
    said: dict[str, dict[str, Any]] = {"tung-2022": dict(tung.SAID), "debnath-2021": dict(debnath.SAID)}
    for one in done:
        for name, tell in said[one.paper].items():
            for line in tell(one.pictures, words_of(one.paper)):
                assert line.endswith("."), (name, line)
                assert "nan" not in line, (name, line)
