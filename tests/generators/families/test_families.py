"""Laws that hold for every family; a new one inherits them by its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alloys.errors import InputError
from alloys.space import AlloySpace
from generators import registry
from generators.interface import Generator
from generators.registry import family_names
from generators.train import train
from generators.training.codec import ConditionScale
from generators.training.neural import NeuralGenerator
from generators.training.weights import unpack
from tests.generators.helpers import PROPERTIES, QUICK, properties_of, refractory_space, training_rows
from tests.strategies import spaces

SPACE = refractory_space()

pytestmark = pytest.mark.parametrize("family", list(family_names()))

_TRAINED: dict[str, Generator] = {}


LONG = {"diffusion": {"epochs": 500}, "flow": {"epochs": 400}, "wcgan": {"epochs": 300}}
"""Shorter than their own trainings, and long enough for what is asked of them here."""


def trained(family: str) -> Generator:
    """One well trained model per family, made once."""
    if family not in _TRAINED:
        points, values = training_rows(SPACE, 100)
        _TRAINED[family] = train(
            family, SPACE, PROPERTIES, points, values, LONG.get(family, {}), seed=3, device="cpu", threads=1
        ).generator()
    return _TRAINED[family]


def quick(family: str, **more: object) -> NeuralGenerator:
    model = registry.make(family, SPACE, PROPERTIES, {**QUICK, **more})
    assert isinstance(model, NeuralGenerator)
    return model


def without_a_loss(family: str, **more: object) -> NeuralGenerator:
    """A generator whose loss is never a number."""

    class Broken(registry.load_family(family)):  # type: ignore[misc]
        def loss(self, network: torch.nn.Module, *_: object) -> torch.Tensor:
            return torch.stack([p.sum() for p in network.parameters()]).sum() * torch.nan

    return Broken(SPACE, PROPERTIES, {**QUICK, **more})


def note_of(unanswered: int, asked: int) -> str:
    """What samples say of conditions without an answer."""
    return f"{unanswered} of {asked} conditions gave no composition in the space" if unanswered else ""


def nothing_asked(m: int) -> np.ndarray:
    return np.full((m, len(PROPERTIES)), np.nan)


def test_samples_are_compositions_of_the_space(family: str) -> None:
    drawn = trained(family).sample(nothing_asked(500), seed=0)
    assert drawn.points.shape == (len(drawn.rows), SPACE.dimension)
    assert drawn.points.dtype == np.int64
    assert SPACE.contains(drawn.points).all()
    assert (drawn.points.sum(axis=1) == SPACE.total).all()
    assert len(drawn.points) == 500
    assert (np.diff(drawn.rows) > 0).all()
    assert 0.3 < drawn.first_draw_valid <= 1
    assert drawn.note == ""


def test_samples_are_various(family: str) -> None:
    drawn = trained(family).sample(nothing_asked(500), seed=0)
    assert len(np.unique(drawn.points, axis=0)) > 450


def test_no_conditions_give_no_samples(family: str) -> None:
    drawn = trained(family).sample(nothing_asked(0), seed=0)
    assert drawn.points.shape == (0, SPACE.dimension)


@pytest.mark.parametrize("k", range(len(PROPERTIES)))
def test_the_condition_matters_alone(family: str, k: int) -> None:
    asked = nothing_asked(1500)
    asked[:, k] = properties_of(SPACE, SPACE.sample(1500, np.random.default_rng(8)))[:, k]
    drawn = trained(family).sample(asked, seed=1)
    got = properties_of(SPACE, drawn.points)[:, k]
    assert np.corrcoef(asked[drawn.rows, k], got)[0, 1] > 0.5


def test_the_conditions_matter_together(family: str) -> None:
    asked = properties_of(SPACE, SPACE.sample(1500, np.random.default_rng(8)))
    drawn = trained(family).sample(asked, seed=1)
    got = properties_of(SPACE, drawn.points)
    for k in range(len(PROPERTIES)):
        assert np.corrcoef(asked[drawn.rows, k], got[:, k])[0, 1] > 0.6


def test_far_targets_are_answered(family: str) -> None:
    asked = np.full((50, len(PROPERTIES)), 1e9)
    drawn = trained(family).sample(asked, seed=1)
    assert SPACE.contains(drawn.points).all()
    assert len(drawn.points) >= 45
    assert drawn.note == note_of(50 - len(drawn.points), 50)


def test_a_seed_repeats_bit_by_bit(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    before = torch.get_rng_state()
    runs = [train(family, SPACE, PROPERTIES, points, values, QUICK, seed=5, device="cpu") for _ in range(2)]
    other = train(family, SPACE, PROPERTIES, points, values, QUICK, seed=6, device="cpu")
    assert runs[0].content == runs[1].content
    assert runs[0].digest == runs[1].digest != other.digest
    assert runs[0].report.train_losses == runs[1].report.train_losses
    model = runs[0].generator()
    one, two, three = (model.sample(values, seed=s) for s in (7, 7, 8))
    np.testing.assert_array_equal(one.points, two.points)
    assert not np.array_equal(one.points, three.points)
    assert torch.equal(before, torch.get_rng_state()), "the global random state was touched"


def test_every_parameter_gets_a_gradient(family: str) -> None:
    points, values = training_rows(SPACE, 60, missing=0.3)
    model = quick(family)
    network = model.build(torch.Generator().manual_seed(0))
    batch = model.codec.encode(points, values, ConditionScale.of(values))
    model.loss(network, batch, torch.Generator().manual_seed(0), 1.0).backward()
    for name, parameter in network.named_parameters():
        assert parameter.dtype == torch.float32, name
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_travels_as_bytes_and_files(family: str, tmp_path: Path) -> None:
    model = trained(family)
    asked = nothing_asked(20)
    path = model.save(tmp_path / "weights")
    assert path.name == f"{model.digest()}.safetensors"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    for copy in (registry.restore(model.to_bytes()), registry.load(path)):
        assert copy.digest() == model.digest()
        assert (copy.name, copy.space, copy.properties) == (family, SPACE, PROPERTIES)
        np.testing.assert_array_equal(copy.sample(asked, seed=2).points, model.sample(asked, seed=2).points)


def test_damage_is_noticed(family: str, tmp_path: Path) -> None:
    model = trained(family)
    content = model.to_bytes()
    flipped = bytearray(content)
    flipped[-5] ^= 1
    header = content.replace(b"melting_point", b"melting_paint", 1)
    damaged = (b"", b"hello, these are no weights", content[:100], content[:-100], bytes(flipped), header)
    for piece in damaged:
        with pytest.raises(InputError, match="damaged"):
            registry.restore(piece)
    path = model.save(tmp_path)
    path.write_bytes(bytes(flipped))
    with pytest.raises(InputError, match="not the one in the name"):
        registry.load(path)
    with pytest.raises(InputError, match="cannot read"):
        registry.load(tmp_path / "nothing")


def test_divergence_falls_back_to_the_last_good_weights(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    networks: list[torch.nn.Module] = []

    class Watched(registry.load_family(family)):  # type: ignore[misc]
        def build(self, rng: torch.Generator) -> torch.nn.Module:
            networks.append(super().build(rng))
            return networks[-1]

    def poison(epoch: int, train_loss: float, validation_loss: float) -> None:
        if epoch == 3:
            with torch.no_grad():
                next(networks[0].parameters()).fill_(torch.nan)

    model = Watched(SPACE, PROPERTIES, {"epochs": 10, "retries": 0})

    report = model.fit(points, values, seed=0, on_epoch=poison)
    assert report.diverged
    assert 0 <= report.best_epoch <= 3
    assert len(report.train_losses) == 4
    assert "fell back" in report.note
    assert all(torch.isfinite(p).all() for p in networks[0].parameters())
    assert SPACE.contains(model.sample(nothing_asked(50), seed=0).points).all()


def test_divergence_at_once_falls_back_to_untrained_weights(family: str) -> None:
    points, values = training_rows(SPACE, 30)
    model = without_a_loss(family)
    report = model.fit(points, values, seed=0)
    assert report.diverged
    assert report.best_epoch == -1
    assert report.train_losses == ()
    assert "untrained" in report.note


def test_a_warm_start_begins_where_the_other_ended(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    first = train(family, SPACE, PROPERTIES, points, values, {"epochs": 60}, seed=5)
    cold = train(family, SPACE, PROPERTIES, points, values, {"epochs": 1}, seed=5)
    warm, again = (
        train(family, SPACE, PROPERTIES, points, values, {"epochs": 1}, seed=5, warm=first.content) for _ in range(2)
    )
    assert warm.report.validation_losses[0] < cold.report.validation_losses[0]
    assert warm.content == again.content != first.content
    assert warm.report.note == "started from warm weights"


def test_a_warm_start_that_diverges_keeps_the_warm_weights(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    first = train(family, SPACE, PROPERTIES, points, values, {"epochs": 20}, seed=5)
    model = without_a_loss(family, retries=0)
    report = model.fit(points, values, seed=6, warm=first.content)
    assert report.diverged
    assert "fell back to the warm weights" in report.note
    before, after = (unpack(content)[0] for content in (first.content, model.to_bytes()))
    learned = [name for name, _ in model.build(torch.Generator()).named_parameters()]
    assert all(torch.equal(after[name], before[name]) for name in learned)


def test_warm_weights_of_something_else_are_refused(family: str) -> None:
    points, values = training_rows(SPACE, 30)
    content = train(family, SPACE, PROPERTIES, points, values, {"epochs": 1}, seed=0).content
    other = next(name for name in family_names() if name != family)
    with pytest.raises(InputError, match="another network"):
        quick(family, hidden=17).fit(points, values, seed=0, warm=content)
    with pytest.raises(InputError, match="the warm weights have the properties"):
        registry.make(family, SPACE, PROPERTIES[:2]).fit(points, values[:, :2], seed=0, warm=content)
    with pytest.raises(InputError, match="the warm weights have the family"):
        registry.make(other, SPACE, PROPERTIES).fit(points, values, seed=0, warm=content)
    with pytest.raises(InputError, match="damaged"):
        quick(family).fit(points, values, seed=0, warm=content[:-100])


def test_the_report_is_plain(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    calls: list[int] = []
    report = quick(family, retries=0).fit(
        points, values, seed=0, threads=1, on_epoch=lambda epoch, *_: calls.append(epoch)
    )
    assert calls == list(range(QUICK["epochs"]))
    assert report.family == family
    assert report.rows == 60
    assert not report.diverged
    assert report.device == "cpu"
    assert 0 < report.unique_share <= 1
    assert report.pairwise_cosine is not None
    assert report.coverage is not None
    assert 0 < report.pairwise_cosine < 1
    assert 0 <= report.coverage <= 1
    document = report.to_json()
    assert document["best_epoch"] == report.best_epoch
    assert len(document["validation_losses"]) == QUICK["epochs"]


def test_columns_without_information_are_ignored_and_said(family: str) -> None:
    points, values = training_rows(SPACE, 30)
    values[:, 0], values[:, 1] = np.nan, 55.0
    model = quick(family)
    model.fit(points, values, seed=0)
    asked = nothing_asked(40)
    free = model.sample(asked, seed=1)
    asked[:, :2] = 5.0
    drawn = model.sample(asked, seed=1)
    np.testing.assert_array_equal(drawn.points, free.points)
    assert "vec, shear_modulus" in drawn.note


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_very_few_rows_and_nothing_known_train(family: str, rows: int) -> None:
    points, _ = training_rows(SPACE, rows)
    model = quick(family, retries=0)
    report = model.fit(points, nothing_asked(rows), seed=0)
    assert report.rows == rows
    assert SPACE.contains(model.sample(nothing_asked(30), seed=0).points).all()


def test_no_properties_at_all_train(family: str) -> None:
    points, _ = training_rows(SPACE, 50)
    model = registry.make(family, SPACE, (), {"epochs": 5, "retries": 0})
    report = model.fit(points, np.zeros((50, 0)), seed=0)
    assert not report.diverged
    assert SPACE.contains(model.sample(np.zeros((20, 0)), seed=0).points).all()


def test_bad_rows_are_refused(family: str) -> None:
    points, values = training_rows(SPACE, 30)
    infinite = values.copy()
    infinite[3, 1] = np.inf
    outside = points.copy()
    outside[2] = 0
    cases = [
        (points[:, :5], values, "9 columns"),
        (points[:0], values[:0], "at least one composition"),
        (points / 100, values, "whole steps"),
        (outside, values, "row 2: the fractions sum to 0"),
        (points, values[:, :2], "3 columns"),
        (points, values[:4], "got 4 for 30"),
        (points, infinite, "infinite values of shear_modulus"),
    ]
    for rows, conditions, message in cases:
        with pytest.raises(InputError, match=message):
            quick(family).fit(rows, conditions, seed=0)
    with pytest.raises(InputError, match="seed"):
        quick(family).fit(points, values, seed=-1)
    with pytest.raises(InputError, match="unknown device"):
        quick(family).fit(points, values, seed=0, device="abacus")
    with pytest.raises(InputError, match="threads"):
        quick(family).fit(points, values, seed=0, threads=0)


def test_bad_conditions_are_refused(family: str) -> None:
    with pytest.raises(InputError, match="infinite values of vec"):
        trained(family).sample(np.array([[np.inf, 1, 1]]), seed=0)
    with pytest.raises(InputError, match="3 columns"):
        trained(family).sample(np.zeros((4, 2)), seed=0)
    with pytest.raises(InputError, match="not trained"):
        quick(family).sample(nothing_asked(1), seed=0)
    with pytest.raises(InputError, match="not trained"):
        quick(family).to_bytes()


def test_bad_settings_are_refused(family: str) -> None:
    with pytest.raises(InputError, match="unknown generator settings colour"):
        registry.make(family, SPACE, PROPERTIES, {"colour": 1})
    with pytest.raises(InputError, match=r"epochs must lie in .*learning_rate must be a number"):
        registry.make(family, SPACE, PROPERTIES, {"epochs": 0, "learning_rate": "fast"})
    with pytest.raises(InputError, match="distinct"):
        registry.make(family, SPACE, ("vec", "vec"))
    for endless in (10**400, -(10**400), float("inf"), float("nan")):
        with pytest.raises(InputError, match="learning_rate must"):
            registry.make(family, SPACE, PROPERTIES, {"learning_rate": endless})


@settings(max_examples=4, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000))
def test_membership_in_any_space(family: str, space: AlloySpace, seed: int) -> None:
    points = space.sample(20, np.random.default_rng(seed))
    values = space.fractions(points)[:, :1].copy()
    model = registry.make(family, space, ("content",), {"epochs": 30, "retries": 0, "copies": 3})
    model.fit(points, values, seed=seed)
    drawn = model.sample(np.full((40, 1), np.nan), seed=seed)
    assert space.contains(drawn.points).all()
    assert len(drawn.points) >= 1
    assert drawn.note == note_of(40 - len(drawn.points), 40)
