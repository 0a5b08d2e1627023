"""The example package of docs/howto/extend.md, installed as its readers install theirs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "alloyloop-extras"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package, from a copy, for a build writes beside its source."""
    source = tmp_path_factory.mktemp("source") / EXAMPLE.name
    shutil.copytree(EXAMPLE, source)
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)], check=True)
    return target


@pytest.fixture
def extras(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package, importable during one test."""
    monkeypatch.syspath_prepend(str(installed))
    yield EXAMPLE
    for name in [name for name in sys.modules if name.split(".")[0] == "alloyloop_extras"]:
        del sys.modules[name]
