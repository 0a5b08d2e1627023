"""What all tests share: where the public data lie, and how slow tests are chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says something of the machine, not of the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def facts() -> Path:
    """The folder of published numbers beside the clone."""
    folder = SHARED / "facts"
    if not folder.is_dir():
        pytest.skip(f"published numbers to compare with are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public data sets beside the clone."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder}")
    return folder
