"""What all tests share: how hypothesis runs, and where data lie that do not come with the project."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says something of the machine, not of the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

# A job in the background and some runners start `make test` with Ctrl-C ignored, and programs that tests start would
# inherit that.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# pytest-xdist gives its workers 80 columns; what a test prints into a pipe has no width.
os.environ.pop("COLUMNS", None)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of data that may not come with the project, where it is beside the clone.

    `tests/golden/README.md` says which data these are, and why they stay outside.
    """
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"data sets of other people, which do not come with the project, are not at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests() -> Iterator[None]:
    """Tests keep what they cache in a folder of their own, and find nothing that earlier runs cached."""
    with tempfile.TemporaryDirectory(prefix="alloyloop-cache-") as folder:
        before = os.environ.get("ALLOYLOOP_CACHE")
        os.environ["ALLOYLOOP_CACHE"] = folder
        yield
        if before is None:
            del os.environ["ALLOYLOOP_CACHE"]
        else:
            os.environ["ALLOYLOOP_CACHE"] = before
