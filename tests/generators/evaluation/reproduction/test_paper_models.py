"""The papers' models on bare fractions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.errors import InputError
from generators.evaluation.reproduction.data import refractory_rich
from generators.evaluation.reproduction.models.choices import CHOICES, settings_of_model
from generators.evaluation.reproduction.models.training import BareEncoderModel, BareModel, train_model
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine
from tests.support.alloys.refractory import write_refractory_table

SHORT = {"epochs": 3, "hidden": 16}


@pytest.fixture(scope="module")
def alloys(tmp_path_factory: pytest.TempPathFactory) -> LabelledAlloys:
    return refractory_rich(write_refractory_table(tmp_path_factory.mktemp("table") / "table.csv"))


@pytest.fixture(scope="module")
def models(alloys: LabelledAlloys) -> dict[str, BareModel]:
    return {name: train_model(name, alloys, 0, SHORT) for name in CHOICES}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_drawn_are_fractions_that_a_seed_gives_again(
    name: str, models: dict[str, BareModel], alloys: LabelledAlloys
) -> None:
    model, asked = models[name], np.repeat(alloys.values[:5], 8, axis=0)
    drawn = model.draw(asked, seed=3)
    assert drawn.shape == (40, len(alloys.space.elements))
    assert (drawn > 0).all()
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(drawn, model.draw(asked, seed=3))
    assert not np.array_equal(drawn, model.draw(asked, seed=4))


@pytest.mark.parametrize("name", CHOICES)
def test_weights_follow_from_the_seed(name: str, models: dict[str, BareModel], alloys: LabelledAlloys) -> None:
    latents = np.random.default_rng(0).standard_normal((6, models[name].latent_size))
    first, again, other = (
        model.decode(latents, alloys.values[:6])
        for model in (models[name], train_model(name, alloys, 0, SHORT), train_model(name, alloys, 1, SHORT))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_autoencoders_say_where_alloys_lie(models: dict[str, BareModel], alloys: LabelledAlloys) -> None:
    plain, variational = models["paper-cae"], models["paper-cvae"]
    assert isinstance(plain, BareEncoderModel)
    assert isinstance(variational, BareEncoderModel)
    for model in (plain, variational):
        means, deviations = model.encode(alloys.fractions, alloys.values)
        assert means.shape == deviations.shape == (len(alloys.points), model.latent_size)
        assert (deviations > 0).all() == (model is variational)
    assert not isinstance(models["paper-cgan"], BareEncoderModel)


def test_a_heavy_divergence_makes_samples_of_a_condition_alike_and_a_light_one_does_not(alloys: LabelledAlloys) -> None:
    asked = np.repeat(alloys.values[:1], 200, axis=0)
    cosines = {
        weight: pairwise_cosine(
            train_model("paper-cvae", alloys, 0, {"epochs": 150, "kl_weight": weight}).draw(asked, seed=0)
        )
        for weight in (1.0, 1e-3)
    }
    assert cosines[1.0] > 0.99 > 0.9 > cosines[1e-3]


def test_a_condition_that_nobody_asks_is_like_those_of_alloys_that_share_the_other(
    models: dict[str, BareModel], alloys: LabelledAlloys
) -> None:
    model = models["paper-cgan"]
    stiff = np.percentile(alloys.values[:, 0], 95)
    drawn = model.draw(np.tile([stiff, np.nan], (30, 1)), seed=0)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    near = alloys.values[np.argsort(np.abs(alloys.values[:, 0] - stiff), kind="stable")[:20]]
    asked = model.filled(np.tile([stiff, np.nan], (30, 1)), np.random.default_rng(0))
    assert set(asked[:, 1].round(9)) <= set(near[:, 1].round(9))
    assert (asked[:, 0] == stiff).all()


def test_nothing_but_the_fractions_is_learned() -> None:
    for name in CHOICES:
        settings = settings_of_model(name)
        assert (settings["copies"], settings["mask_probability"], settings["validation_share"]) == (0, 0.0, 0.0)


def test_what_the_papers_print_is_marked_so() -> None:
    printed = {
        (name, setting) for name, choices in CHOICES.items() for setting, c in choices.items() if c.source == "printed"
    }
    assert printed == {("paper-cae", "kl_weight"), ("paper-cgan", "latent")}


def test_the_page_has_every_setting_with_its_source() -> None:
    marks = {"printed": "**{}**", "searched": "*{}*", "ours": "{}"}
    page = (Path(__file__).parents[4] / "docs" / "papers" / "reproduction.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    told = {row[0].strip("`"): dict(zip(CHOICES, row[1:], strict=True)) for row in rows}
    settings = {setting for choices in CHOICES.values() for setting in choices}
    assert set(told) == settings
    for setting in settings:
        for name, choices in CHOICES.items():
            choice = choices.get(setting)
            value = None if choice is None else choice.value if isinstance(choice.value, str) else f"{choice.value:g}"
            wanted = "–" if choice is None else marks[choice.source].format(value)
            assert told[setting][name] == wanted, (setting, name)


def test_bad_input_is_named(alloys: LabelledAlloys, models: dict[str, BareModel]) -> None:
    with pytest.raises(InputError, match="unknown model 'paper-flow'; available are paper-cae"):
        train_model("paper-flow", alloys, 0)
    with pytest.raises(InputError, match="unknown generator settings magic"):
        train_model("paper-cae", alloys, 0, {"magic": 1})
    with pytest.raises(InputError, match="the seed must be"):
        models["paper-cae"].draw(alloys.values, seed=-1)
    with pytest.raises(InputError, match="conditions must have 2 columns"):
        models["paper-cae"].draw(alloys.values[:, :1], seed=0)
