"""Emissions held to the properties that they were asked for, and the temperature of sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from alloys.space import Floats, Points
from generators.families.cvae import ConditionalVAE, CvaeNetwork, CvaeSettings
from generators.likeness import pairwise_cosine
from generators.training.codec import AlloyCodec, ConditionScale, EncodedRows
from generators.training.mixture_rule import MixtureRule
from tests.generators.helpers import PROPERTIES, properties_of, refractory_space, training_rows, with_settings

SPACE = refractory_space()
UNITS, VALUES = training_rows(SPACE, 200, missing=0.0)


def rule_and_batch(points: Points, values: Floats) -> tuple[MixtureRule, EncodedRows]:
    codec = AlloyCodec(SPACE, [f"property {k}" for k in range(values.shape[1])])
    return MixtureRule(codec), codec.encode(points, values, ConditionScale.of(values))


def test_linear_properties_are_trusted_and_rows_meet_their_own() -> None:
    rule, rows = rule_and_batch(UNITS, VALUES)
    rule.fit(rows, len(UNITS))
    assert rule.trust.tolist() == [1.0, 1.0, 1.0]
    assert rule.error(rows.presence, rows.amounts, rows.values, rows.known).max() < 1e-3
    turned = rows.values.roll(1, dims=0)
    expected = ((turned - rows.values) ** 2).sum(dim=1)
    found = rule.error(rows.presence, rows.amounts, turned, rows.known)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)


def test_what_rows_do_not_determine_is_not_pressed() -> None:
    rng = np.random.default_rng(0)
    few = np.where(np.arange(200) < 5, VALUES[:, 1], np.nan)
    values = np.stack((VALUES[:, 0], rng.normal(size=200), few, np.full(200, 3.0)), axis=1)
    rule, rows = rule_and_batch(UNITS, values)
    rule.fit(rows, len(UNITS))
    assert rule.trust.tolist() == [1.0, 0.0, 0.0, 0.0]
    nonsense = rows.values.clone()
    nonsense[:, 1:] += 7.0
    assert rule.error(rows.presence, rows.amounts, nonsense, torch.ones_like(nonsense)).max() < 1e-3


def test_copies_do_not_make_a_property_trusted() -> None:
    """Forty values of noise can all be met, and a row left out is seen in its copies."""
    noise = np.random.default_rng(0).normal(size=(40, 1))
    settings = CvaeSettings(epochs=1, copies=32, replace=0.0, jitter=0, noise=0.1, consistency=1.0, retries=0)
    model = ConditionalVAE(SPACE, ["x"], settings)
    model.fit(UNITS[:40], noise, seed=0)
    assert isinstance(model.network, CvaeNetwork)
    assert not model.network.rule.trust.any()


def test_conditions_not_asked_are_not_missed() -> None:
    rule, rows = rule_and_batch(UNITS, VALUES)
    rule.fit(rows, len(UNITS))
    assert not rule.error(rows.presence, rows.amounts, rows.values + 5, torch.zeros_like(rows.known)).any()
    one = torch.zeros_like(rows.known)
    one[:, 1] = 1.0
    off = rows.values + torch.tensor([9.0, 2.0, 9.0])
    torch.testing.assert_close(
        rule.error(rows.presence, rows.amounts, off, one), torch.full((200,), 4.0), rtol=0.02, atol=0.02
    )


QUICK = {"epochs": 40, "patience": 40, "copies": 8, "retries": 0, "hidden": 32}


def trained(**settings: Any) -> ConditionalVAE:
    model = ConditionalVAE(SPACE, PROPERTIES, CvaeSettings(**{**QUICK, **settings}))
    model.fit(UNITS, VALUES, seed=0)
    return model


def miss(model: ConditionalVAE) -> float:
    """Mean difference from the conditions of some rows, in standard deviations."""
    drawn = model.sample(np.repeat(VALUES[:40], 5, axis=0), seed=0)
    found = properties_of(SPACE, drawn.points)
    return float(np.mean(np.abs(found - VALUES[drawn.rows // 5]) / VALUES.std(axis=0)))


def test_a_model_held_to_properties_misses_them_less() -> None:
    plain, held = miss(trained()), miss(trained(consistency=30.0))
    assert held < 0.7 * plain


def test_the_rule_does_not_travel_with_the_weights() -> None:
    model = trained(consistency=1.0, epochs=2)
    network = model.network
    assert isinstance(network, CvaeNetwork)
    assert network.rule.trust.all()
    assert not [name for name in network.state_dict() if name.startswith("rule")]
    again = ConditionalVAE.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(again.sample(VALUES, seed=1).points, model.sample(VALUES, seed=1).points)


def test_a_low_temperature_lowers_the_spread() -> None:
    model = trained(consistency=0.0, epochs=20)
    alike = []
    for temperature in (1.0, 0.3):
        cool = with_settings(model, temperature=temperature)
        asked = np.repeat(VALUES[:4], 40, axis=0)
        drawn = cool.sample(asked, seed=0)
        spread = [pairwise_cosine(SPACE.fractions(drawn.points[drawn.rows // 40 == k])) for k in range(4)]
        alike.append(np.mean(spread))
    assert alike[1] > alike[0] + 0.05
