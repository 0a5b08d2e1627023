"""Laws of all families on a space of formulas: whatever they draw is a formula, neutral by construction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from alloys.space import Floats, Points
from alloys.space.formula import FormulaSpace
from generators import registry
from generators.interface import Generator
from generators.registry import family_names
from generators.train import train
from generators.training.codec import ConditionScale
from generators.training.weights import space_from_json, space_to_json

ELEMENTS = ("Al", "Ca", "Cl", "Fe", "Na", "O", "S", "Ti")
SPACE = FormulaSpace(ELEMENTS, most_atoms=4, fewest=2, most=3)
FREE = FormulaSpace(ELEMENTS, most_atoms=4, fewest=2, most=3, charges="any")
PROPERTIES = ("oxygen", "heaviness")
QUICK = {"epochs": 60, "retries": 0}
ADVERSARIES = {"epochs": 100, "batch_size": 32, "latent": 16}
"""Whoever learns by turns needs more of them."""

_TRAINED: dict[str, Generator] = {}


def properties_of(points: Points) -> Floats:
    """The share of oxygen, and a linear property of all elements, shape ``(n, 2)``."""
    fractions = SPACE.fractions(points)
    return np.stack([fractions[:, 5], fractions @ np.arange(8.0)], axis=1)


def rows_of(n: int, seed: int = 0) -> tuple[Points, Floats]:
    points = np.unique(SPACE.sample(4 * n, np.random.default_rng(seed)), axis=0)
    points = points[np.random.default_rng(seed).permutation(len(points))[:n]]
    return points, properties_of(points)


def trained(family: str) -> Generator:
    """One model of a family, trained once."""
    if family not in _TRAINED:
        few = {**QUICK, **(ADVERSARIES if family == "wcgan" else {})}
        made = train(family, SPACE, PROPERTIES, *rows_of(300), few, seed=1, device="cpu", threads=1)
        _TRAINED[family] = made.generator()
    return _TRAINED[family]


def nothing_asked(n: int) -> Floats:
    return np.full((n, 2), np.nan)


@pytest.mark.parametrize("family", family_names())
class TestEveryFamily:
    def test_draws_neutral_formulas_only(self, family: str) -> None:
        drawn = trained(family).sample(nothing_asked(400), seed=0)
        assert SPACE.contains(drawn.points).all()
        assert len(drawn.points) > 390
        assert len(np.unique(drawn.points, axis=0)) > 40

    def test_answers_what_is_asked(self, family: str) -> None:
        asked = np.tile([[0.1, np.nan], [0.6, np.nan]], (500, 1))
        drawn = trained(family).sample(asked, seed=0)
        oxygen = properties_of(drawn.points)[:, 0]
        low, high = (oxygen[drawn.rows % 2 == side].mean() for side in (0, 1))
        assert high - low > 0.04

    def test_a_seed_repeats(self, family: str) -> None:
        points, values = rows_of(50)
        made = [train(family, SPACE, PROPERTIES, points, values, {"epochs": 2}, seed=5, device="cpu") for _ in "ab"]
        assert made[0].content == made[1].content

    def test_travels_as_a_file(self, family: str, tmp_path: Path) -> None:
        model = trained(family)
        again = registry.load(model.save(tmp_path))
        assert again.space == SPACE
        asked = nothing_asked(20)
        np.testing.assert_array_equal(again.sample(asked, seed=3).points, model.sample(asked, seed=3).points)

    def test_starts_warm(self, family: str) -> None:
        points, values = rows_of(50)
        few = {"epochs": 2, "retries": 0}
        warm = train(family, SPACE, PROPERTIES, points, values, few, seed=5, device="cpu").content
        again = train(family, SPACE, PROPERTIES, points, values, few, seed=6, device="cpu", warm=warm)
        assert "started from warm weights" in again.report.note

    def test_draws_without_rules_too(self, family: str) -> None:
        points, values = rows_of(60)
        model = train(family, FREE, PROPERTIES, points, values, {"epochs": 2, "retries": 0}, seed=5, device="cpu")
        drawn = model.generator().sample(nothing_asked(50), seed=0)
        assert FREE.contains(drawn.points).all()

    def test_refuses_formulas_outside_the_space(self, family: str) -> None:
        with pytest.raises(InputError, match="no oxidation states make it neutral"):
            train(
                family,
                SPACE,
                (),
                np.array([[0, 0, 0, 0, 2, 0, 1, 0], [0, 0, 2, 0, 1, 0, 0, 0]]),
                np.zeros((2, 0)),
                seed=0,
            )


@pytest.mark.parametrize("family", ["cvae", "wcgan"])
def test_codecs_read_back_what_they_write(family: str) -> None:
    points = SPACE.sample(200, np.random.default_rng(2))
    codec = registry.make(family, SPACE, ()).codec  # type: ignore[attr-defined]
    nothing = np.zeros((200, 0))
    rows = codec.encode(points, nothing, ConditionScale.of(nothing))
    np.testing.assert_array_equal(codec.decode(rows.presence, rows.amounts), points)
    np.testing.assert_allclose(codec.relaxed_fractions(rows.presence, rows.amounts), SPACE.fractions(points), atol=1e-6)
    chance = torch.rand(rows.amounts.shape, generator=torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(
        codec.decode(rows.presence, codec.blurred(rows.presence, rows.amounts, chance)), points
    )


def test_a_critic_sees_the_matrix_of_elements_and_numbers_of_atoms() -> None:
    codec = registry.make("wcgan", SPACE, ()).codec  # type: ignore[attr-defined]
    points, nothing = SPACE.sample(100, np.random.default_rng(2)), np.zeros((100, 0))
    rows = codec.encode(points, nothing, ConditionScale.of(nothing))
    matrix, sums = np.split(codec.seen(rows.presence, rows.amounts).numpy(), [8 * 4], axis=1)
    np.testing.assert_array_equal(matrix.reshape(100, 8, 4) @ np.arange(1, 5), points)
    np.testing.assert_array_equal(sums, [[(point == number).sum() for number in (1, 2, 3, 4)] for point in points])


def test_what_a_critic_sees_of_an_emission_is_what_is_drawn() -> None:
    codec = registry.make("wcgan", SPACE, ()).codec  # type: ignore[attr-defined]
    logits = torch.randn((300, codec.widths[0]), generator=torch.Generator().manual_seed(0)).requires_grad_()
    nothing = torch.zeros((300, 0))
    seen = codec.emitted(logits, nothing, 0.5)
    matrix = seen.detach()[:, :32].reshape(300, 8, 4).numpy()
    once = (matrix.sum(axis=2) <= 1).all(axis=1)  # an element may stand in two places
    counts = (matrix @ np.arange(1, 5)).astype(int)[once]
    drawn = codec.decode(codec.chances(logits), nothing)[once]
    np.testing.assert_array_equal(drawn, counts // np.maximum(np.gcd.reduce(counts, axis=1), 1)[:, None])
    seen[:, :4].sum().backward()
    assert (logits.grad != 0).any()  # type: ignore[union-attr]


def test_a_space_of_formulas_is_in_the_weights() -> None:
    for space in (SPACE, FREE, FormulaSpace(ELEMENTS, 6, 2, 4, "neutral", "smact14")):
        assert space_from_json(space_to_json(space)) == space
    with pytest.raises(InputError, match="do not describe a space"):
        space_from_json({"kind": "formula", "elements": ["O"]})
