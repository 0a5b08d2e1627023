"""Points that leave the materials table and come back, and points of databases: what people type and are told."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alloys.records import digest_of
from loop.campaign import Campaign
from loop.cli.main import main
from loop.config.reading import load_config
from loop.materials import MaterialsTable
from tests.loop.loop_helpers import call, small_config
from tests.loop.materials.exchange.servers import Answer, answering, document

TABLE = """formula,yield_strength [MPa],hardness,test_temperature [°C],processing,phase,doi,year
HfNbTaTiZr,929,,25,cast,BCC,10.1007/s10853-012-6260-2,2011
HfNbTaTiZr,295,,1000,=cast,BCC,10.1007/s10853-012-6260-2,2011
NbMoTaW,1058,454,25,cast,"BCC, ordered",10.1016/j.intermet.2010.05.014,2010
Nb33.333Ta33.333Ti33.333,200,,1000,,,10.1016/j.x,2012
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of five points, of which two have a licence, and a bundle of them with a campaign."""
    made = tmp_path_factory.mktemp("origin")
    lines = TABLE.splitlines(keepends=True)
    (made / "free.csv").write_text("".join(lines[:3]), encoding="utf-8")
    (made / "mine.csv").write_text("".join([lines[0], *lines[3:]]), encoding="utf-8")
    with Campaign.open(small_config(made)) as campaign:
        name, directory = campaign.config.name, campaign.config.directory
    bundle = ("--format", "bundle", "--out", str(made / "bundle"), "--title", "Strong alloys")
    for words in (
        ("add", str(made / "free.csv"), "--by", "ada", "--licence", "CC-BY-4.0"),
        ("add", str(made / "mine.csv"), "--by", "ada"),
        ("export", *bundle, "--campaign", name, "--directory", str(directory)),
    ):
        with pytest.raises(SystemExit) as end:
            main(["materials", *words, "--table", str(made / "materials.db")])
        assert not end.value.code
    return made


@pytest.fixture
def folder(origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the table to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALLOYLOOP_MATERIALS", raising=False)
    shutil.copy(origin / "materials.db", tmp_path)
    return tmp_path


@pytest.fixture
def bundle(origin: Path, folder: Path) -> Path:
    """A copy of the bundle."""
    return Path(shutil.copytree(origin / "bundle", folder / "bundle"))


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    return call(capsys, "materials", *words)


def keys(table: str | Path) -> list[str]:
    with MaterialsTable.open(table) as opened:
        return [stored.point.key for stored in opened.points()]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_points_leave_and_come_back_the_same(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = ask(capsys, "export", "--out", f"out/points.{kind}")
    assert code == 0
    assert f"out/points.{kind}: 5 points from 3 sources; the licence of 2 is unknown" in told
    code, _, told = ask(capsys, "add", f"out/points.{kind}", "--table", "other.db")
    assert (code, "5 points are new, 0 were there" in told) == (0, True)
    assert keys("other.db") == keys("materials.db")
    assert "0 points are new, 5 were there" in ask(capsys, "add", f"out/points.{kind}")[2]
    with MaterialsTable.open("materials.db") as here, MaterialsTable.open("other.db") as there:
        assert here.sources() == there.sources()


def test_only_what_was_asked_for_leaves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = ("--elements", "Hf,Nb,Ta,Ti,Zr", "--property", "yield_strength", "--temperature", "900:1100", "--json")
    code, out, _ = ask(capsys, "export", "--out", "hot.csv", *question)
    assert (code, json.loads(out)["points"]) == (0, 2)
    rows = list(csv.DictReader(Path("hot.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["value"], row["test_temperature"]) for row in rows] == [("295.0", "1000.0"), ("200.0", "1000.0")]
    assert rows[0]["processing"] == "'=cast"


def test_points_that_people_have_set_aside_stay_behind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "slip.csv").write_text("formula,yield_strength [MPa],doi\nNbMoTaW,0.55,10.1016/j.b\n", encoding="utf-8")
    assert ask(capsys, "add", "slip.csv")[0] == 0
    flags = json.loads(ask(capsys, "check", "--json")[1])["flags"]
    (number,) = [flag["number"] for flag in flags if flag["points"] == [6]]
    assert ask(capsys, "check", "--set-aside", str(number), "--why", "in GPa")[0] == 0
    for more, points in ((), 5), (("--all",), 6):
        assert json.loads(ask(capsys, "export", "--out", "x.csv", "--json", *more)[1])["points"] == points
        bundle = ("--format", "bundle", "--out", f"bundle{points}", *more)
        assert json.loads(ask(capsys, "export", "--json", *bundle)[1])["points"] == points
        assert ask(capsys, "export", "--check", f"bundle{points}")[0] == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say where to: --out FILE"),
        (("--out", "x.csv", "--property", "nothing"), "no point of the table matches"),
        (("--out", "x", "--format", "bundle", "--property", "nothing"), "no point of the table matches"),
        (("--out", ".", "--format", "bundle"), "is there already"),
        (("--out", "x", "--format", "bundle", "--campaign", "none"), "there is no campaign 'none'"),
        (("--out", "x.csv", "--title", "Mine"), "--campaign and --title are of a bundle"),
        (("--check", "."), "is no bundle"),
        (("--out", "x.csv", "--table", "none.db"), "there is no materials table at none.db"),
    ],
)
def test_what_cannot_leave_is_said_and_nothing_is_written(
    words: tuple[str, ...], why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    code, _, told = ask(capsys, "export", *words)
    assert (code, why in told) == (2, True), told
    assert sorted(folder.rglob("*")) == before


def test_a_bundle_has_all_that_others_need(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    campaign = next(name for name in names if name.startswith("campaigns/"))
    assert names - {campaign} == {
        "README.md", "CITATION.cff", "croissant.json", "digests.json", "manifest-sha256.txt", "data/points.csv",
        "data/sources.csv",
    }  # fmt: skip
    config = load_config(bundle / campaign)
    assert digest_of(config.science()) == json.loads((bundle / "digests.json").read_text())["campaigns"][config.name]
    rows = list(csv.DictReader((bundle / "data/sources.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["doi"], row["licence"], row["points"]) for row in rows] == [
        ("10.1007/s10853-012-6260-2", "CC-BY-4.0", "2"),
        ("10.1016/j.intermet.2010.05.014", "unknown", "2"),
        ("10.1016/j.x", "unknown", "1"),
    ]
    metadata = json.loads((bundle / "croissant.json").read_text())
    assert metadata["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert metadata["license"] == ["CC-BY-4.0", "unknown for 2 of 3 sources, see data/sources.csv"]
    assert (metadata["name"], metadata["creator"][0]["name"]) == ("Strong alloys", "ada")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest-sha256.txt"], cwd=bundle, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert "5 points are new" in ask(capsys, "add", str(bundle / "data/points.csv"), "--table", "from_bundle.db")[2]


def test_mlcroissant_validates_a_bundle_and_reads_its_records(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        str(Path(sys.executable).with_name("mlcroissant")),
        "validate",
        "--jsonld",
        str(bundle / "croissant.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr.upper()
    code, out, told = ask(capsys, "export", "--check", str(bundle), "--json")
    assert code == 0, told
    assert json.loads(out) == {"folder": str(bundle), "points": 5, "records": 8, "warnings": [], "problems": []}


def test_the_same_points_make_the_same_bundle(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out in ("one", "two"):
        assert ask(capsys, "export", "--format", "bundle", "--out", out)[0] == 0
    contents = [
        {p.relative_to(o): p.read_bytes() for p in o.rglob("*") if p.is_file()} for o in (Path("one"), Path("two"))
    ]
    assert contents[0] == contents[1]
    (Path("more.csv")).write_text("formula,hardness\nNbTi,300\n", encoding="utf-8")
    assert ask(capsys, "add", "more.csv")[0] == 0
    assert ask(capsys, "export", "--format", "bundle", "--out", "pinned", "--until", "5")[0] == 0
    assert (Path("pinned") / "data/points.csv").read_bytes() == contents[0][Path("data/points.csv")]


def changed(bundle: Path, name: str, old: bytes, new: bytes, *, honestly: bool = False) -> None:
    """Changes a file of a bundle, and with ``honestly`` the manifest too."""
    path = bundle / name
    before = path.read_bytes()
    assert old in before
    path.write_bytes(before.replace(old, new))
    if honestly:
        manifest = bundle / "manifest-sha256.txt"
        digests = [hashlib.sha256(content).hexdigest().encode() for content in (before, path.read_bytes())]
        manifest.write_bytes(manifest.read_bytes().replace(*digests))


def test_a_bundle_that_was_changed_is_found_out(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(bundle, "data/points.csv", b"929.0", b"930.0")
    (bundle / "data/more.csv").write_text("x")
    (bundle / "README.md").unlink()
    code, _, told = ask(capsys, "export", "--check", str(bundle))
    assert code == 1
    assert "data/points.csv was changed: its sha256 is not that of manifest-sha256.txt" in told
    assert "data/more.csv is there, and not in manifest-sha256.txt" in told
    assert "README.md is in manifest-sha256.txt, and not there" in told


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("data/points.csv", b"929.0", b"930.0", "the digest of the points is not that of digests.json"),
        (
            "croissant.json",
            b'"contentUrl": "data/points.csv"',
            b'"contentUrl": "http://127.0.0.1:1/x"',
            "its files are not",
        ),
        ("croissant.json", b'"column": "value"', b'"column": "std"', "value is None, and the line says '929.0'"),
        ("croissant.json", b'"cr:RecordSet"', b'"cr:RecordSets"', "croissant.json"),
    ],
)
def test_a_bundle_that_says_what_is_not_true_is_found_out(
    name: str, old: bytes, new: bytes, why: str, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(bundle, name, old, new, honestly=True)
    code, _, told = ask(capsys, "export", "--check", str(bundle))
    assert (code, why in told) == (1, True), told


def database(pages: int) -> Answer:
    """A database of so many pages, of which a further one is nonsense."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if "structures?" not in path:
            info = {
                "meta": {"provider": {"prefix": "oqmd"}},
                "data": {"attributes": {"available_licenses": ["CC-BY-4.0"]}},
            }
            return document({**info, "data": {**info["data"], "properties": {"_oqmd_delta_e": {}}}})
        at = int(path.rpartition("at=")[2]) if "at=" in path else 0
        if at == pages:
            return 200, {}, b"<html>"
        said = {"chemical_formula_reduced": "NbTa", "_oqmd_delta_e": -0.1 * at}
        following = f"/v1/structures?at={at + 1}"
        return document({"data": [{"id": str(at), "attributes": said}], "links": {"next": following}})

    return answer


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment that nobody answers at."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")


@pytest.mark.usefixtures("proxied")
def test_a_database_on_this_machine_is_asked_without_a_proxy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(database(9)) as address:
        words = ("--provider", address, "--elements", "Nb,Ta", "--limit", "3", "--by", "ada")
        code, _, told = ask(capsys, "fetch", *words)
        assert code == 0, told
        assert (
            "3 entries: 3 points are new, 0 were there; there are more, --limit reads them; licence: CC-BY-4.0" in told
        )
        code, out, _ = ask(capsys, "fetch", *words, "--json")
    expected: dict[str, Any] = {"entries": 3, "new": 0, "known": 3, "more": True, "left_out": [], "notes": []}
    assert json.loads(out) == expected
    assert "-0.2 eV/atom" in ask(capsys, "show", "NbTa")[1]


def test_a_database_that_goes_wrong_on_its_last_page_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(database(2)) as address:
        for table in ("materials.db", "new.db"):
            code, _, told = ask(capsys, "fetch", "--provider", address, "--elements", "Nb", "--table", table)
            assert (code, "answers no JSON" in told) == (1, True), told
    assert len(keys("materials.db")) == 5
    assert not Path("new.db").exists()
