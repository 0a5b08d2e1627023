"""`alloyloop phases`: pictures, tables and documents of phases, and every mistake told before work starts."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import pytest

from loop.cli import main as cli

TDB = """
ELEMENT VA VACUUM 0 0 0 !
TYPE_DEFINITION % SEQ * !
ELEMENT NB BCC 92.9 0 0 !
ELEMENT TA BCC 180.9 0 0 !
PHASE LIQUID % 1 1 !
CONSTITUENT LIQUID :NB,TA: !
PARAMETER G(LIQUID,NB;0) 298.15 20000-10*T; 6000 N !
PARAMETER G(LIQUID,TA;0) 298.15 20000-8*T; 6000 N !
PHASE BCC % 1 1 !
CONSTITUENT BCC :NB,TA: !
PARAMETER G(BCC,NB;0) 298.15 0; 6000 N !
PARAMETER G(BCC,TA;0) 298.15 0; 3000 N !
"""


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["phases", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, " ".join(captured.err.split())


@pytest.fixture
def tdb(tmp_path: Path) -> Path:
    path = tmp_path / "small.tdb"
    path.write_text(TDB, encoding="utf-8")
    return path


def test_fractions_as_a_picture_and_as_data(capsys: pytest.CaptureFixture[str], tdb: Path, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    code, out, err = call(capsys, "NbTa", "--tdb", tdb, "--out", picture, "--json")
    assert (code, picture.read_bytes()[:4]) == (0, b"\x89PNG")
    assert f"drawn to {picture}" in err
    document = json.loads(out)
    assert document["database"] == "small.tdb"
    assert [change["above"] for change in document["changes"]] == [["BCC", "LIQUID"], ["LIQUID"]]
    assert document["solidus"]["value"] == pytest.approx(2192.0, abs=30.0)
    assert document["phases"]["LIQUID"]["unit"] == "mole fraction"
    assert len(document["phases"]["BCC"]["values"]) == len(document["temperatures"]["values"])


def test_a_matplotlibrc_of_the_user_changes_no_picture(
    capsys: pytest.CaptureFixture[str], tdb: Path, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("plain.png", "again.png")]
    words = ["NbTa", "--tdb", tdb, "--out"]
    call(capsys, *words, files[0])
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True}):
        call(capsys, *words, files[1])
    assert files[0].read_bytes() == files[1].read_bytes()


def test_without_a_file_a_table_is_printed(capsys: pytest.CaptureFixture[str], tdb: Path) -> None:
    code, out, _ = call(capsys, "Nb34Ta66", "--tdb", tdb, "--basis", "wt", "--from", "1500 K", "--by", "weight")
    assert code == 0
    assert "Nb34Ta66 (wt.%), small.tdb" in out
    assert "mass fraction from → to" in out
    assert "BCC 1 → 1" in out


def test_freezing_is_drawn_and_told(capsys: pytest.CaptureFixture[str], tdb: Path, tmp_path: Path) -> None:
    code, out, _ = call(capsys, "NbTa", "--tdb", tdb, "--scheil", "--out", tmp_path / "s.svg", "--json")
    document = json.loads(out)
    assert (code, (tmp_path / "s.svg").read_text("utf-8")[:5]) == (0, "<?xml")
    assert document["scheil_freezing_range"]["value"] > document["freezing_range"]["value"] > 10.0
    assert document["scheil"]["solid"]["values"][-1] == pytest.approx(1.0, abs=0.02)


def test_a_section_is_drawn_and_told(capsys: pytest.CaptureFixture[str], tdb: Path, tmp_path: Path) -> None:
    ends = ("Nb", "--section", "Ta", "--from", "1900 K", "--to", "2600 K")
    code, out, _ = call(capsys, *ends, "--tdb", tdb, "--out", tmp_path / "map.pdf", "--json")
    document = json.loads(out)
    assert (code, (tmp_path / "map.pdf").read_bytes()[:4]) == (0, b"%PDF")
    assert document["phases"][0][0] == ["BCC"]
    assert document["phases"][-1][-1] == ["LIQUID"]
    sides = {tuple(map(tuple, piece["between"])) for piece in document["boundaries"]}
    assert (("BCC",), ("BCC", "LIQUID")) in sides


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("NbXx",), "unknown element 'Xx'"),
        (("NbFe",), "lacks Fe; it has Nb, Ta"),
        (("NbTa", "--exclude", "FCC"), "lacks the phases FCC (nearest: BCC, LIQUID)"),
        (("NbTa", "--from", "300"), "with its unit"),
        (("NbTa", "--from", "300 MPa"), "no unit of temperatures"),
        (("NbTa", "--from", "100 K"), "below 298.15 K, where"),
        (("NbTa", "--to", "3200 K"), "above 3000 K, where BCC of the database ends"),
        (("NbTa", "--from", "900 K", "--to", "800 K"), "begin below the end"),
        (("NbTa", "--exclude", "LIQUID"), "say the temperatures by --from and --to"),
        (("NbTa", "--out", "x.gif"), ".png, .svg, .pdf"),
        (("NbTa", "--section", "Ta"), "--out map.png"),
        (("NbTa", "--section", "Ta2Nb2", "--json"), "the same alloy"),
        (("NbTa", "--section", "Ta", "--scheil"), "one at a time"),
    ],
)
def test_bad_calls(capsys: pytest.CaptureFixture[str], tdb: Path, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = call(capsys, *arguments, "--tdb", tdb)
    assert (code, out) == (2, "")
    assert message in err


def test_a_file_that_is_no_database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes", encoding="utf-8")
    code, _, err = call(capsys, "NbTa", "--tdb", path)
    assert code == 2
    assert "the thermodynamic database cannot be used" in err
