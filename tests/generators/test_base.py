"""The table of families, and what is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alloys.errors import InputError
from generators.base import FAMILIES, get_family, make
from tests.generators.helpers import refractory_space


def test_unknown_families_are_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match=r"unknown generator family 'gan'; available are .*cvae"):
        make("gan", refractory_space(), ("vec",))


def test_every_family_loads_under_its_name() -> None:
    for name in FAMILIES:
        assert get_family(name).load()(refractory_space(), ("vec",), {}).name == name
        assert FAMILIES[name].paper


def test_interface_and_targets_do_not_import_torch() -> None:
    code = "import sys, generators.base, generators.asking.targets, generators.train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
