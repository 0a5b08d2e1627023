"""Validators by name: the project's own by their files, others by entry points, and what is wrong with these."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alloys.errors import InputError
from validation.registry import make_validator, validator_names

OWN = ("calphad", "dft", "reference", "script", "slurm")

MODULES = {
    "missing": "import no_such_package_anywhere",
    "raises": "class Own:\n    def __init__(self, settings):\n        raise KeyError('depth')",
    "lacks": "class Own:\n    name = 'own'\n    def __init__(self, settings):\n        pass",
    "another": (
        "class Own:\n    name = 'other'\n    properties = ('solidus',)\n    fingerprint = 'x'\n"
        "    description = ''\n    portable_settings = {}\n"
        "    def __init__(self, settings):\n        pass\n"
        "    def check(self, elements):\n        pass\n    def validate(self, design):\n        pass"
    ),
    "refuses": (
        "from alloys.errors import InputError\n"
        "class Own:\n    def __init__(self, settings):\n        raise InputError('no depth is given')"
    ),
}


def register(folder: Path, module: str, name: str = "own", package: str = "plugin") -> None:
    """What pip leaves of a package with one entry point."""
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[alloyloop.validators]\n{name} = {module}:Own\n")


def test_the_projects_own_are_found_without_an_entry_point() -> None:
    assert set(OWN) <= set(validator_names())
    assert make_validator("reference", {}).name == "reference"


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown validator 'oracle'; available are calphad, dft, reference, script"):
        make_validator("oracle", {})


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("missing", r"'own' of plugin_missing:Own cannot be loaded: ModuleNotFoundError: No module named 'no_such"),
        ("absent", r"'own' of plugin_absent:Own cannot be loaded: ModuleNotFoundError: No module named 'plugin_absent"),
        ("raises", r"'own' cannot be made of these settings: KeyError: 'depth'"),
        ("refuses", r"^no depth is given$"),
        ("lacks", r"'own' lacks properties, fingerprint, description, check, portable_settings, validate; see"),
        ("another", r"'own' calls itself 'other'; an entry point bears the same name"),
    ],
)
def test_a_package_that_cannot_be_used_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, message: str
) -> None:
    register(tmp_path, f"plugin_{module}")
    if module in MODULES:
        (tmp_path / f"plugin_{module}.py").write_text(MODULES[module])
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "own" in validator_names()
    with pytest.raises(InputError, match=message) as caught:
        make_validator("own", {})
    assert "\n" not in str(caught.value)


def test_two_packages_with_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(tmp_path, "one")
    register(tmp_path, "two", package="second")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=r"several packages register a validator 'own': (one|two):Own, (one|two):Own"):
        make_validator("own", {})


def test_no_package_takes_the_name_of_one_of_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(tmp_path, "plugin_absent", name="reference")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert type(make_validator("reference", {})).__module__ == "validation.reference"


def test_names_start_no_engine() -> None:
    code = (
        "import sys; from validation.registry import validator_names; validator_names();"
        "assert not {'pycalphad', 'ase', 'validation.calphad', 'validation.dft'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
