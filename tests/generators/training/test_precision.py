"""Training in bfloat16 matrix products: the same code path on every device, weights in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from generators import registry
from generators.registry import family_names
from generators.train import TrainedModel, train
from generators.training.fitting import arithmetic, resolve_device
from generators.training.neural import NeuralGenerator
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows

SPACE = refractory_space()
CPU = torch.device("cpu")


def trained(family: str, precision: str, **more: object) -> TrainedModel:
    points, values = training_rows(SPACE, 60)
    settings = {"epochs": 10, "retries": 0, "precision": precision, **more}
    return train(family, SPACE, PROPERTIES, points, values, settings, seed=2, device="cpu", threads=1)


@pytest.mark.parametrize("family", list(family_names()))
def test_bf16_trains_repeats_and_differs_from_float32(family: str) -> None:
    full, short, again = (trained(family, precision) for precision in ("float32", "bf16", "bf16"))
    assert short.content == again.content
    assert short.report.train_losses != full.report.train_losses
    assert not short.report.diverged
    np.testing.assert_allclose(short.report.train_losses[0], full.report.train_losses[0], rtol=0.02, atol=0.02)
    model = short.generator()
    assert isinstance(model, NeuralGenerator)
    assert model.network is not None
    assert all(value.dtype == torch.float32 for value in model.network.state_dict().values())
    asked = np.full((200, len(PROPERTIES)), np.nan)
    drawn = model.sample(asked, seed=1)
    assert len(drawn.points) > 150
    assert SPACE.contains(drawn.points).all()
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("family", "more"),
    [*((name, {}) for name in family_names()), ("cae", {"prior": "kernel"}), ("wcgan", {"penalty": "clip"})],
)
def test_draws_are_compositions_also_where_they_are_made_in_bf16(family: str, more: dict[str, object]) -> None:
    model = trained(family, "bf16", **more).generator()
    assert isinstance(model, NeuralGenerator)
    assert model.network is not None
    assert model.scale is not None
    values, known = model.codec.standardise(np.tile([4.9, 60.0, 2500.0], (300, 1)), model.scale)
    draws, raw = [], []
    for precision in ("float32", "bf16", "bf16"):
        rng = torch.Generator().manual_seed(0)
        with torch.no_grad(), arithmetic(precision, CPU):
            presence, amounts = model.draw(model.network, values, known, rng)
        raw.append(amounts)
        draws.append(model.codec.decode(presence, amounts))
    assert SPACE.contains(draws[1]).mean() > 0.5 * SPACE.contains(draws[0]).mean()
    np.testing.assert_array_equal(draws[1], draws[2])
    assert not torch.equal(raw[0], raw[1])


def test_the_arithmetic_of_a_block() -> None:
    one, layer = torch.full((2, 3), 1 / 3), torch.nn.Linear(3, 4)
    with arithmetic("bf16", CPU):
        assert layer(one).dtype == torch.bfloat16
        before = layer(one)
        with torch.no_grad():
            layer.weight.zero_()
        assert not torch.equal(layer(one), before), "an old copy of the weights was used"
        with arithmetic("float32", CPU):
            assert layer(one).dtype == torch.float32
    with arithmetic("float32", CPU):
        assert layer(one).dtype == torch.float32


def test_unknown_precisions_are_refused() -> None:
    for family in family_names():
        with pytest.raises(InputError, match="precision must be one of float32, bf16, got 'half'"):
            registry.make(family, SPACE, PROPERTIES, {"precision": "half"})


def test_a_gpu_without_bf16_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert resolve_device("cuda").type == "cuda"
    with pytest.raises(InputError, match="no bf16; set the generator's precision to float32"):
        resolve_device("cuda", "bf16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("family", list(family_names()))
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_trains_and_draws_on_a_gpu(family: str, precision: str) -> None:
    points, values = training_rows(SPACE, 60)
    model = registry.make(family, SPACE, PROPERTIES, {"epochs": 10, "retries": 0, "precision": precision})
    assert isinstance(model, NeuralGenerator)
    report = model.fit(points, values, seed=2, device="cuda")
    assert not report.diverged
    drawn = model.to("cuda").sample(values, seed=1)
    assert SPACE.contains(drawn.points).all()
    assert len(drawn.points) > 0.75 * len(values)


def test_moving_needs_weights_and_a_device() -> None:
    model = registry.make("cae", SPACE, PROPERTIES)
    assert isinstance(model, NeuralGenerator)
    with pytest.raises(InputError, match="not trained"):
        model.to("cpu")
    other = trained("cae", "float32").generator()
    assert isinstance(other, NeuralGenerator)
    with pytest.raises(InputError, match="unknown device"):
        other.to("abacus")
    asked = np.full((20, len(PROPERTIES)), np.nan)
    before = other.sample(asked, seed=1).points
    np.testing.assert_array_equal(other.to("cpu").sample(asked, seed=1).points, before)
