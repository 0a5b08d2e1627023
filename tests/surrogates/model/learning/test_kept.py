"""Hyperparameters that a file keeps: the same to the bit, learned again where anything differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from surrogates.model.learning.kept import Hyper, kept_in, remembered
from surrogates.model.learning.most_probable import learn

DRAW = np.random.default_rng(3)
X, Y = DRAW.normal(size=(20, 3)), DRAW.normal(size=20)


def _plain(hyper: Hyper) -> list[object]:
    return [hyper[0], hyper[1].tolist(), hyper[2]]


def _learned_in(file: Path, *questions: tuple[np.ndarray, np.ndarray]) -> list[list[object]]:
    with kept_in(file):
        return [_plain(learn(*question)) for question in questions]


def test_what_was_learned_is_found_again_to_the_bit(tmp_path: Path) -> None:
    file = tmp_path / "models" / "hyperparameters.json"
    file.parent.mkdir()
    first = _learned_in(file, (X, Y))
    written = file.read_bytes()
    assert first == _learned_in(file, (X, Y)) == [_plain(learn(X, Y))]
    assert file.read_bytes() == written


def test_nothing_is_learned_a_second_time(tmp_path: Path) -> None:
    asked: list[Hyper] = []

    def once(x: np.ndarray, y: np.ndarray) -> list[Hyper]:
        asked.append(learn(x, y))
        return asked

    for _ in range(2):
        with kept_in(tmp_path / "kept.json"):
            assert _plain(remembered(once, X, Y)[0]) == _plain(learn(X, Y))
    assert len(asked) == 1


@pytest.mark.parametrize("other", [(X, Y + 1e-12), (X[:19], Y[:19]), (X[:, ::-1], Y)])
def test_other_results_are_learned_anew_and_take_the_place_of_the_last(
    tmp_path: Path, other: tuple[np.ndarray, np.ndarray]
) -> None:
    file = tmp_path / "kept.json"
    _learned_in(file, (X, Y))
    assert _learned_in(file, other) == [_plain(learn(*other))]
    assert len(json.loads(file.read_bytes())) == 1


@pytest.mark.parametrize("broken", [b"", b"[1]", b'{"a": 3}', b'{"a": [[1, 2, 3]]}', b"\xff\xfe"])
def test_a_broken_file_is_done_without_and_written_anew(tmp_path: Path, broken: bytes) -> None:
    file = tmp_path / "kept.json"
    file.write_bytes(broken)
    assert _learned_in(file, (X, Y)) == [_plain(learn(X, Y))]
    assert len(json.loads(file.read_bytes())) == 1


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    nowhere = tmp_path / "a file" / "kept.json"
    nowhere.parent.write_text("no folder")
    assert _learned_in(nowhere, (X, Y)) == [_plain(learn(X, Y))]
