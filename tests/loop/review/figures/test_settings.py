"""A person's settings of matplotlib that it cannot be imported with end nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from loop.review.figures.style import tried
from tests.support.processes import python


@pytest.mark.parametrize(
    ("backend", "settings"), [("Qt4Agg", b""), ("agg", "font.family: caf\u00e9\n".encode("latin-1"))]
)
def test_settings_that_matplotlib_cannot_be_imported_with_are_left_out(
    backend: str, settings: bytes, tmp_path: Path
) -> None:
    (tmp_path / "matplotlibrc").write_bytes(settings)
    code = "import loop, matplotlib; print(matplotlib.rcParams['font.family'], end='')"
    done = python(tmp_path, "-c", code, MPLBACKEND=backend)
    assert (done.returncode, done.stdout) == (0, "['sans-serif']"), done.stderr
    assert "your settings of matplotlib are left out" in done.stderr


def test_a_style_of_a_persons_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    styles = tmp_path / "matplotlib" / "stylelib"
    styles.mkdir(parents=True)
    (styles / "mine.mplstyle").write_bytes("font.family: caf\u00e9\n".encode("latin-1"))
    code = "import loop, matplotlib.style; print('ggplot' in matplotlib.style.library, end='')"
    done = python(tmp_path, "-c", code, MPLCONFIGDIR=str(styles.parent))
    assert (done.returncode, done.stdout) == (0, "True"), done.stderr
    assert "your settings of matplotlib are left out" in done.stderr


def test_settings_that_it_can_be_imported_with_stay_for_a_persons_own_pictures(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 31\n", encoding="utf-8")
    done = python(tmp_path, "-c", "import loop, matplotlib; print(matplotlib.rcParams['font.size'], end='')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "31.0", "")


def test_a_picture_that_fails_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    def draw() -> bytes:
        raise RuntimeError("no font")

    assert tried(draw, "front") is None
    assert tried(lambda: b"drawn", "front") == b"drawn"
    assert caplog.messages == ["picture 'front' cannot be drawn, and is left out: RuntimeError: no font"]
