"""``alloyloop plot`` as a person calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loop.campaign import Campaign
from tests.loop.loop_helpers import call


@pytest.mark.parametrize(
    ("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".html", b"<")]
)
def test_the_ending_of_the_file_says_how_it_is_drawn(
    capsys: pytest.CaptureFixture[str], answered: Campaign, tmp_path: Path, suffix: str, begins: bytes
) -> None:
    file = tmp_path / f"front{suffix}"
    place = ["--directory", str(answered.folder.parent)]
    code, out, err = call(capsys, "plot", "small", "front", "--out", str(file), *place)
    assert (code, out) == (0, "")
    assert err == f"small: measured alloys over the objectives: drawn to {file}\n"
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["small", "front", "--out", "front.gif"], "a picture is written as .png, .svg, .pdf, .html; got front.gif"),
        (["small", "sky", "--out", "sky.png"], "there is no picture 'sky'; there are front, compositions, map"),
        (["other", "front", "--out", "f.png"], "there is no campaign 'other'"),
        (["small", "front", "--out", "nowhere/f.png"], "there is no folder nowhere for the picture"),
        (["small", "front", "--out", "f.png", "--iteration", "9"], "there is no iteration 9"),
        (["small", "history", "--out", "f.png", "--beside", "other"], "there is no campaign 'other'"),
        (["small", "phases", "--out", "f.png"], "phases are known where the validator is 'calphad'"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    capsys: pytest.CaptureFixture[str],
    answered: Campaign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, "plot", *words, "--directory", str(answered.folder.parent))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
