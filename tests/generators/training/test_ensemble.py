"""Models trained at once are those of single trainings, up to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from generators import base
from generators.base import FAMILIES
from generators.ensemble import Table, fit_many, train_many
from generators.train import TrainedModel, train
from generators.training.codec import Batch
from generators.training.descent import DescentGenerator, Noise
from generators.training.neural import NeuralGenerator
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows

SPACE = refractory_space()
STACKED = ("cae", "cvae", "diffusion", "flow")
SHORT: dict[str, Any] = {"epochs": 30, "retries": 0, "batch_size": 32}
CLOSE = 1e-4
"""Largest difference of a weight, and of a loss, after 30 epochs; weights are of order 0.1, losses of order 10."""


def model_of(family: str, **more: object) -> NeuralGenerator:
    model = base.make(family, SPACE, PROPERTIES, {**SHORT, **more})
    assert isinstance(model, NeuralGenerator)
    return model


def many(family: str, seeds: Sequence[int], rows: int = 60, **more: object) -> list[TrainedModel]:
    points, values = training_rows(SPACE, rows)
    settings = {**SHORT, **more}
    return train_many(family, SPACE, PROPERTIES, points, values, settings, seeds=seeds, device="cpu", threads=1)


def parameters_of(model: object) -> dict[str, torch.Tensor]:
    assert isinstance(model, NeuralGenerator)
    assert model.network is not None
    return dict(model.network.named_parameters())


def assert_close(one: object, other: object, tolerance: float = CLOSE) -> None:
    mine, theirs = parameters_of(one), parameters_of(other)
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("family", STACKED)
def test_each_is_the_single_training_of_its_seed(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    before = torch.get_rng_state()
    together = many(family, (3, 4, 11))
    assert torch.equal(before, torch.get_rng_state()), "the global random state was touched"
    for seed, model in zip((3, 4, 11), together, strict=True):
        alone = train(family, SPACE, PROPERTIES, points, values, SHORT, seed=seed, device="cpu", threads=1)
        assert_close(model.generator(), alone.generator())
        np.testing.assert_allclose(model.report.train_losses, alone.report.train_losses, atol=CLOSE)
        np.testing.assert_allclose(model.report.validation_losses, alone.report.validation_losses, atol=CLOSE)
        drawn, expected = (m.generator().sample(values, seed=1).points for m in (model, alone))
        assert (drawn == expected).all(axis=1).mean() > 0.8
    assert len({model.digest for model in together}) == 3
    assert [model.content for model in many(family, (3, 4, 11))] == [model.content for model in together]


@pytest.mark.parametrize("family", STACKED)
def test_the_stacked_weights_went_through_training(family: str) -> None:
    untrained = model_of(family).build(torch.Generator().manual_seed(3))
    for name, value in parameters_of(many(family, (3, 4))[0].generator()).items():
        assert (value - dict(untrained.named_parameters())[name]).abs().max() > 10 * CLOSE, name


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(STACKED)))
def test_other_families_are_trained_one_after_another(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    settings = {**SHORT, "epochs": 4}
    together = many(family, (3, 4), epochs=4)
    alone = [
        train(family, SPACE, PROPERTIES, points, values, settings, seed=s, device="cpu", threads=1) for s in (3, 4)
    ]
    assert [model.content for model in together] == [model.content for model in alone]


def test_one_alone_is_the_single_training_bit_by_bit() -> None:
    points, values = training_rows(SPACE, 60)
    alone = train("cvae", SPACE, PROPERTIES, points, values, SHORT, seed=3, device="cpu", threads=1)
    assert many("cvae", (3,))[0].content == alone.content


def test_tables_of_their_own() -> None:
    tables = [training_rows(SPACE, 50, seed=seed) for seed in (0, 1)]
    models = [model_of("cvae") for _ in tables]
    fit_many(models, tables, seeds=(5, 5), threads=1)
    for model, table in zip(models, tables, strict=True):
        alone = model_of("cvae")
        alone.fit(*table, seed=5, threads=1)
        assert_close(model, alone)
        assert model.scale is not None
        assert alone.scale is not None
        np.testing.assert_array_equal(model.scale.mean, alone.scale.mean)


def test_each_stops_by_itself_and_keeps_its_best() -> None:
    together = many("cvae", range(6), epochs=80, patience=4, warmup=0.0)
    lengths = [len(model.report.validation_losses) for model in together]
    assert len(set(lengths)) > 1
    assert max(lengths) < 80
    points, values = training_rows(SPACE, 60)
    for seed, model in enumerate(together):
        losses = model.report.validation_losses
        assert model.report.best_epoch == int(np.argmin(losses)) == len(losses) - 1 - 4
        settings = {**SHORT, "epochs": model.report.best_epoch + 1, "warmup": 0.0}
        alone = train("cvae", SPACE, PROPERTIES, points, values, settings, seed=seed, device="cpu", threads=1)
        assert alone.report.best_epoch == model.report.best_epoch
        assert_close(model.generator(), alone.generator())


class _Poisoned:
    """A model's random numbers until some call, NaN from then on."""

    def __init__(self, model: DescentGenerator, calls: int) -> None:
        self.draw, self.calls = model.noise, calls

    def __call__(self, batch: Batch, rng: torch.Generator) -> Noise:
        self.calls -= 1
        factor = torch.nan if self.calls < 0 else 1.0
        return tuple(part * factor for part in self.draw(batch, rng))


def poisoned_run(calls: int, tables: Sequence[Table]) -> list[Any]:
    models = [model_of("cvae") for _ in tables]
    assert isinstance(models[1], DescentGenerator)
    models[1].noise = _Poisoned(models[1], calls)  # type: ignore[method-assign]
    return list(zip(models, fit_many(models, tables, seeds=(0, 1, 2), threads=1), strict=True))


def test_one_that_diverges_leaves_and_the_others_go_on() -> None:
    tables = [training_rows(SPACE, 60)] * 3
    healthy, sick = poisoned_run(10**9, tables), poisoned_run(1 + 2 * 7 + 1, tables)
    for i in (0, 2):
        assert_close(sick[i][0], healthy[i][0])
        assert not sick[i][1].diverged
        assert len(sick[i][1].train_losses) == SHORT["epochs"]
    model, report = sick[1]
    assert report.diverged
    np.testing.assert_allclose(report.train_losses, healthy[1][1].train_losses[:7], atol=CLOSE)
    assert 0 <= report.best_epoch <= 6
    assert "fell back to the weights of epoch" in report.note
    assert all(value.isfinite().all() for value in parameters_of(model).values())
    assert SPACE.contains(model.sample(tables[1][1], seed=0).points).all()


def test_all_that_diverge_at_once_keep_untrained_weights() -> None:
    models = [model_of("cae") for _ in range(2)]
    for model in models:
        model.loss_given = lambda network, *_: sum(p.sum() for p in network.parameters()) * torch.nan  # type: ignore
    reports = fit_many(models, [training_rows(SPACE, 30)] * 2, seeds=(0, 1))
    for seed, (model, report) in enumerate(zip(models, reports, strict=True)):
        assert report.diverged
        assert report.best_epoch == -1
        assert "untrained" in report.note
        fresh = model.build(torch.Generator().manual_seed(seed))
        for name, value in parameters_of(model).items():
            assert torch.equal(value, dict(fresh.named_parameters())[name])


def test_all_may_start_from_warm_weights() -> None:
    points, values = training_rows(SPACE, 60)
    first = train("flow", SPACE, PROPERTIES, points, values, SHORT, seed=5, threads=1).content
    settings = {**SHORT, "epochs": 2}
    together = train_many(
        "flow", SPACE, PROPERTIES, points, values, settings, seeds=(6, 7), device="cpu", threads=1, warm=first
    )
    for seed, model in zip((6, 7), together, strict=True):
        alone = train(
            "flow", SPACE, PROPERTIES, points, values, settings, seed=seed, device="cpu", threads=1, warm=first
        )
        assert_close(model.generator(), alone.generator())
        assert model.report.note == "started from warm weights"


def test_what_collapsed_is_trained_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model_class = type(model_of("cvae"))
    monkeypatch.setattr(model_class, "_unique_of_random", lambda self, seed: 10.0 if seed == 3 else 0.0)
    again, once = many("cvae", (3, 8), epochs=5, retries=1)
    assert "trained 2 times" in again.report.note
    assert once.report.note == ""


@pytest.mark.parametrize("family", STACKED)
def test_bf16_trains_together(family: str) -> None:
    short, full = many(family, (3, 4), epochs=8, precision="bf16"), many(family, (3, 4), epochs=8)
    for one, other in zip(short, full, strict=True):
        assert not one.report.diverged
        assert one.report.train_losses != other.report.train_losses
        np.testing.assert_allclose(one.report.train_losses[-1], other.report.train_losses[-1], rtol=0.05)
        assert all(value.dtype == torch.float32 for value in parameters_of(one.generator()).values())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("family", STACKED)
def test_trains_together_on_a_gpu(family: str, precision: str) -> None:
    points, values = training_rows(SPACE, 60)
    settings = {**SHORT, "precision": precision}
    together = train_many(family, SPACE, PROPERTIES, points, values, settings, seeds=(3, 4), device="cuda")
    for seed, model in zip((3, 4), together, strict=True):
        alone = train(family, SPACE, PROPERTIES, points, values, settings, seed=seed, device="cuda")
        tolerance = 1e-3 if precision == "float32" else 0.1
        np.testing.assert_allclose(model.report.train_losses, alone.report.train_losses, rtol=tolerance)


def test_what_does_not_belong_together_is_refused() -> None:
    table, short = training_rows(SPACE, 30), training_rows(SPACE, 20)
    one, two = model_of("cvae"), model_of("cvae")
    cases: list[tuple[list[NeuralGenerator], list[Table], list[int], str]] = [
        ([], [], [], "each model needs one table and one seed, got 0 models"),
        ([one, two], [table], [0, 1], "got 2 models, 1 tables and 2 seeds"),
        ([one, model_of("cae")], [table] * 2, [0, 1], "same family, got cae and cvae"),
        ([one, model_of("cvae", hidden=17)], [table] * 2, [0, 1], "same settings"),
        ([one, two], [table, short], [0, 1], r"equally many rows, got \[20, 30\]"),
        ([one, one], [table] * 2, [0, 1], "different objects"),
        ([one, two], [table] * 2, [0, -1], "seed"),
    ]
    for models, tables, seeds, message in cases:
        with pytest.raises(InputError, match=message):
            fit_many(models, tables, seeds=seeds)
    with pytest.raises(InputError, match="unknown device"):
        fit_many([one, two], [table] * 2, seeds=[0, 1], device="abacus")
