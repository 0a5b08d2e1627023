"""Families are found by name, and their settings are read without torch; `tests/extras` has one of another package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alloys.errors import InputError
from generators.registry import family_names, get_family, make, preset, settings_of
from generators.training.settings import MANY_ROWS, MANY_ROWS_SETTINGS
from tests.generators.helpers import refractory_space

EACH = pytest.mark.parametrize("family", family_names())


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


@EACH
def test_settings_for_many_rows_are_valid_and_no_defaults(family: str) -> None:
    chosen = preset(family, MANY_ROWS)
    assert {name: settings_of(family, chosen)[name] for name in chosen} == chosen
    assert {name: settings_of(family)[name] for name in chosen} != chosen
    assert set(MANY_ROWS_SETTINGS) <= set(chosen)
    assert preset(family, MANY_ROWS - 1) == {}
