"""Families are found by name, in this package and in others, and their settings are read without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alloys.errors import InputError
from generators.registry import family_names, get_family, make, preset, settings_of
from generators.training.settings import MANY_ROWS, MANY_ROWS_SETTINGS
from tests.generators.helpers import refractory_space

EACH = pytest.mark.parametrize("family", family_names())

OTHER = '''
"""A family of another package, in one file: equal chances for every element, whatever is asked."""

from dataclasses import dataclass

from generators.training.settings import Family, TrainingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualSettings(TrainingSettings):
    epochs: int = 2


FAMILY = Family(name="equal", settings=EqualSettings, generator="Equal", paper="none")

import torch

from generators.training.layers import linear, normal
from generators.training.neural import NeuralGenerator


class Equal(NeuralGenerator):
    family = FAMILY

    def build(self, rng):
        return linear(1, self.space.dimension, rng)

    def loss(self, network, batch, rng, progress):
        return ((network(torch.ones((len(batch.presence), 1))) - batch.amounts) ** 2).mean()

    def draw(self, network, values, known, rng):
        shape = (len(values), self.space.dimension)
        return (normal(shape, rng, values.device) > 0).float(), normal(shape, rng, values.device)
'''

USE = """
import sys
import numpy as np
from generators.registry import family_names, make, restore, settings_of
from generators.train import train
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows

assert "equal" in family_names()
assert settings_of("equal")["epochs"] == 2
assert "torch" not in sys.modules
space = refractory_space()
model = train("equal", space, PROPERTIES, *training_rows(space, 50), seed=0, device="cpu").generator()
drawn = restore(model.to_bytes()).sample(np.full((20, 3), np.nan), seed=0)
assert space.contains(drawn.points).all() and len(drawn.points) == 20
try:
    make("broken", space, PROPERTIES)
except Exception as error:
    assert "'broken' of absent_module cannot be imported" in str(error), error
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which another package with a family is installed."""
    (tmp_path / "other_package.py").write_text(OTHER)
    metadata = tmp_path / "other_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[alloyloop.generators]\nequal = other_package:FAMILY\nbroken = absent_module:FAMILY\n"
    )
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])}


def test_unknown_families_are_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match=r"unknown generator family 'gan'; available are .*cvae"):
        make("gan", refractory_space(), ("vec",))


@EACH
def test_every_family_loads_under_its_name(family: str) -> None:
    assert make(family, refractory_space(), ("vec",)).name == family == get_family(family).name
    assert get_family(family).paper


def test_settings_are_read_without_torch() -> None:
    code = (
        "import sys, generators.asking.targets, generators.train\n"
        "from generators.registry import family_names, preset, settings_of\n"
        "found = [(settings_of(name), preset(name, 10**6)) for name in family_names()]\n"
        "sys.exit('torch' in sys.modules or len(found) < 5)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_family_of_another_package_trains_travels_and_draws(installed: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", USE], env=installed, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@EACH
def test_settings_for_many_rows_are_valid_and_no_defaults(family: str) -> None:
    chosen = preset(family, MANY_ROWS)
    assert {name: settings_of(family, chosen)[name] for name in chosen} == chosen
    assert {name: settings_of(family)[name] for name in chosen} != chosen
    assert set(MANY_ROWS_SETTINGS) <= set(chosen)
    assert preset(family, MANY_ROWS - 1) == {}
