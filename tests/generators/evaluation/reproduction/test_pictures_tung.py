"""The numbers under Tung's figures: what each picture shows is what was drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.space import Floats
from generators.evaluation.measuring import EvaluationGround
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.entering import TrainFractions, participants
from generators.evaluation.reproduction.interface import FractionSampler
from generators.evaluation.reproduction.models.training import train_model
from generators.evaluation.reproduction.pictures.latents import STEPS, latent_picture, path_pictures
from generators.evaluation.reproduction.pictures.of_outcomes import pictures_of
from generators.evaluation.reproduction.pictures.records import Histogram, TungPictures
from generators.evaluation.reproduction.pictures.tung import diagonal_picture, domain_picture, samples_picture
from generators.evaluation.reproduction.run import reproduce
from generators.evaluation.table import LabelledAlloys
from tests.generators.evaluation.reproduction.pictures_helpers import PLAN, Components, known, small_tung


@pytest.fixture(scope="module")
def data() -> LabelledAlloys:
    return known()


@pytest.fixture(scope="module")
def pictures(data: LabelledAlloys) -> TungPictures:
    return small_tung(data)


def test_samples_that_hit_have_no_error_and_equal_ones_a_cosine_of_one(data: LabelledAlloys) -> None:
    conditions = data.values[:4]
    drawn = [np.tile(row, (5, 1)) for row in data.fractions[:4]]
    found = diagonal_picture(drawn, conditions, data, Oracle.of(data))
    assert found.mape == pytest.approx(0, abs=0.1)  # the grid of the space
    assert found.mean_cosine == pytest.approx(1)
    means = [one.mean for one in found.values[0]]
    assert means == pytest.approx(list(conditions[:, 0]), rel=1e-3)


def test_a_condition_without_a_sample_errs_by_all(data: LabelledAlloys) -> None:
    drawn = [np.empty((0, data.fractions.shape[1])), data.fractions[1:2]]
    found = diagonal_picture(drawn, data.values[:2], data, Oracle.of(data))
    assert [row[0] for row in found.errors] == [100.0, 100.0]
    assert found.errors[0][1] == pytest.approx(0, abs=0.1)


def test_the_plane_counts_every_sample_in_the_bin_of_its_properties(data: LabelledAlloys) -> None:
    found = domain_picture([data.fractions], data.values.mean(axis=0)[None], data, Oracle.of(data))
    counted = found.counted(0)
    assert counted.sum() == len(data.values)  # none lies outside
    first = np.histogram(data.values[:, 0], found.bins, (found.low[0], found.high[0]))[0]
    assert np.array_equal(counted.sum(axis=1), first)


def test_dimensions_that_tell_nothing_apart_are_not_active(data: LabelledAlloys) -> None:
    class HalfAsleep(Components):
        def encode(self, fractions: Floats, conditions: Floats) -> tuple[Floats, Floats]:
            means, deviations = super().encode(fractions, conditions)
            means[:, 1:], deviations[:, 1:] = 0.0, 1.0
            return means, deviations

    found = latent_picture(HalfAsleep(data), data, seed=0)
    assert found.active == 1
    assert found.deviations == pytest.approx([0.1, 1.0, 1.0])
    assert found.dimensions[1].std == pytest.approx(1, abs=0.15)


def test_mixup_of_a_linear_decoder_is_even_and_bernoulli_mixup_is_not(data: LabelledAlloys) -> None:
    model = Components(data)
    condition = np.median(data.values, axis=0)
    found = path_pictures(model, model, data, Oracle.of(data), condition, seed=0)
    assert len(found) == 3
    mixed, switched = found[1], found[2]
    assert mixed.abruptness < 1.5 < switched.abruptness
    assert mixed.fractions[0] == switched.fractions[0]
    assert mixed.fractions[-1] == switched.fractions[-1]
    assert np.sum(mixed.fractions, axis=1) == pytest.approx(np.ones(STEPS), abs=2e-3)


def test_without_an_encoder_only_random_latents_are_joined(data: LabelledAlloys) -> None:
    found = path_pictures(Components(data), None, data, Oracle.of(data), data.values[0], seed=0)
    assert [one.kind for one in found] == ["between two random latents"]


def test_a_path_on_which_nothing_changes_has_no_abruptness(data: LabelledAlloys) -> None:
    class Collapsed(Components):
        def decode(self, latents: Floats, conditions: Floats) -> Floats:
            return np.tile(data.fractions[0], (len(latents), 1))

    found = path_pictures(Collapsed(data), None, data, Oracle.of(data), data.values[0], seed=0)[0]
    assert np.isnan(found.abruptness)
    assert found.length == 0


def test_every_model_is_in_every_picture_that_is_of_it(pictures: TungPictures, data: LabelledAlloys) -> None:
    published, other = pictures.models
    assert (published.name, other.name) == ("components", "nearest")
    assert published.latents is not None
    assert other.latents is None
    assert other.paths == []
    for model in pictures.models:
        assert len(model.diagonal.cosine) == PLAN.diagonal == len(pictures.diagonal)
        assert len(model.domain.errors) == PLAN.domain == len(pictures.domain)
        assert sum(model.novelty.shares) == pytest.approx(1, abs=0.01)
    assert other.diagonal.mape < published.diagonal.mape  # it looks at what is asked


def test_samples_come_in_the_order_drawn_with_mean_and_likeness(data: LabelledAlloys) -> None:
    found = samples_picture(data.fractions[:9], 4)
    assert np.allclose(found.fractions, data.fractions[:4], atol=1e-3)
    assert np.allclose(found.mean, data.fractions[:9].mean(axis=0), atol=1e-3)
    assert np.isnan(samples_picture(data.fractions[:0], 4).cosine)


def test_a_distribution_says_what_lies_outside_by_its_sum() -> None:
    found = Histogram.of(np.array([0.5, 1.5, 9.0]), 0.0, 2.0, 2)
    assert found.shares == pytest.approx([1 / 3, 1 / 3], abs=1e-3)
    assert list(found.centres) == [0.5, 1.5]
    assert found.mean == pytest.approx(11 / 3, abs=1e-2)


def test_the_papers_models_are_drawn_at_the_papers_own_condition(data: LabelledAlloys) -> None:
    ground = EvaluationGround.of(data, PLAN)
    quick = [replace(one, train=_barely(one.name)) for one in participants("tung-2022")]
    found = pictures_of("tung-2022", reproduce(quick, ground), ground)
    assert isinstance(found, TungPictures)
    assert found.path == pytest.approx([60.0, 0.4743], rel=1e-3)
    assert [model.name for model in found.models] == ["paper-cae", "paper-cvae", "paper-wcgan"]
    assert [len(model.paths) for model in found.models] == [3, 3, 1]  # a GAN encodes nothing
    plain, variational, game = (model.latents for model in found.models)
    assert plain is not None
    assert variational is not None
    assert game is None
    assert not any(plain.deviations)
    assert all(variational.deviations)


def _barely(name: str) -> TrainFractions:
    def train(data: LabelledAlloys, oracle: Oracle, seed: int) -> FractionSampler:
        return train_model(name, data, seed, {"epochs": 2})

    return train
