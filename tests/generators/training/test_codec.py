"""The border: what goes in comes back, and what is hidden is gone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alloys.errors import InputError
from alloys.space import AlloySpace
from generators.training.codec import REACH, AlloyCodec, ConditionScale
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows
from tests.strategies import spaces


@settings(max_examples=25, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000))
def test_decoding_inverts_encoding(space, seed) -> None:  # type: ignore[no-untyped-def]
    points = space.sample(20, np.random.default_rng(seed))
    nothing = np.zeros((20, 0))
    batch = AlloyCodec(space, ()).encode(points, nothing, ConditionScale.of(nothing))
    np.testing.assert_array_equal(AlloyCodec(space, ()).decode(batch.presence, batch.amounts), points)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), spread=st.floats(0.1, 30))
def test_any_amounts_keep_sum_zeros_and_lower_bounds(seed: int, spread: float) -> None:
    space = refractory_space()
    rng = torch.Generator().manual_seed(seed)
    amounts = spread * torch.randn((50, space.dimension), generator=rng)
    presence = (torch.rand(amounts.shape, generator=rng) < 0.5).float()
    presence[:, 0] = 1
    presence[:, 1:3] = 1
    points = AlloyCodec(space, ()).decode(presence, amounts)
    assert (points.sum(axis=1) == space.total).all()
    assert (points[presence.numpy() == 0] == 0).all()
    assert (points >= np.array(space.lower) * presence.numpy()).all()


def one_row_to_the_grid(codec: AlloyCodec, real: np.ndarray, present: np.ndarray) -> list[int]:
    """What decoding does to one row, unit by unit."""
    space = codec.space
    low = [value if there else 0 for value, there in zip(space.lower, present, strict=True)]
    high = [value if there else 0 for value, there in zip(space.upper, present, strict=True)]
    points = [max(round(float(value)), bound) for value, bound in zip(real, low, strict=True)]
    for _ in range(space.dimension):
        sign = int(np.sign(space.total - sum(points)))
        gains = [
            sign * (float(real[i]) - points[i])
            if (points[i] < high[i] if sign > 0 else points[i] > low[i])
            else -np.inf
            for i in range(space.dimension)
        ]
        if sign and max(gains) > -np.inf:
            points[gains.index(max(gains))] += sign
    return points


@settings(max_examples=30, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000), share=st.sampled_from([0.1, 0.4, 1.0]))
def test_rounding_moves_steps_where_it_hurts_least(space: AlloySpace, seed: int, share: float) -> None:
    codec, rng = AlloyCodec(space, ()), np.random.default_rng(seed)
    present = rng.random((25, space.dimension)) < share
    present[:, 0] = True
    amounts = np.where(present, rng.normal(scale=1.5, size=present.shape), 0.0)
    parts = np.exp(amounts) * present
    low = np.array(space.lower) * present
    rest = space.total - low.sum(axis=1, keepdims=True) + present.sum(axis=1, keepdims=True) / 2
    real = low + parts / parts.sum(axis=1, keepdims=True) * rest - present / 2
    expected = [one_row_to_the_grid(codec, *row) for row in zip(real, present, strict=True)]
    assert codec.decode(torch.from_numpy(present * 1.0), torch.from_numpy(amounts)).tolist() == expected


def test_nothing_present_and_infinite_amounts_are_refused_by_the_space() -> None:
    space = refractory_space()
    empty = torch.zeros((1, 9))
    assert not space.contains(AlloyCodec(space, ()).decode(empty, empty)).any()
    wild = torch.full((1, 9), torch.inf)
    wild[0, 3] = torch.nan
    assert AlloyCodec(space, ()).decode(torch.ones((1, 9)), wild).shape == (1, 9)


def test_conditions_are_standardised_and_held_within_reach() -> None:
    codec = AlloyCodec(refractory_space(), PROPERTIES)
    _, values = training_rows(refractory_space(), 200)
    scale = ConditionScale.of(values)
    inside, known = codec.standardise(values, scale)
    np.testing.assert_array_equal(known.numpy() == 1, ~np.isnan(values))
    got = inside.numpy()[:, 0][known.numpy()[:, 0] == 1]
    assert abs(got.mean()) < 1e-5
    assert abs(got.std() - 1) < 1e-5
    far, _ = codec.standardise(np.array([[1e9, -1e9, np.nan]]), scale)
    assert far.tolist() == [[REACH, -REACH, 0.0]]


def test_scale_travels_as_json_and_refuses_other_widths() -> None:
    scale = ConditionScale.of(np.array([[1.0, np.nan, 3.0], [2.0, np.nan, 3.0]]))
    assert scale.usable.tolist() == [True, False, False]
    again = ConditionScale.from_json(scale.to_json(), 3)
    np.testing.assert_array_equal(again.mean, scale.mean)
    with pytest.raises(InputError, match="does not fit 2"):
        ConditionScale.from_json(scale.to_json(), 2)
    with pytest.raises(InputError, match="scale"):
        ConditionScale.from_json({}, 3)


def test_hiding_hides_the_asked_share_and_every_extreme() -> None:
    space = refractory_space()
    points, values = training_rows(space, 2000, missing=0.0)
    batch = AlloyCodec(space, PROPERTIES).encode(points, values, ConditionScale.of(values))
    hidden = batch.hide(0.4, torch.Generator().manual_seed(0))
    assert abs(1 - hidden.known.mean().item() - 0.4) < 0.03
    counts = torch.bincount(hidden.known.sum(dim=1).long(), minlength=4)
    assert (counts > 100).all()
    assert (hidden.values[hidden.known == 0] == 0).all()
    assert batch.hide(0.0, torch.Generator()) is batch
