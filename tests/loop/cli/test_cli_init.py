"""``alloyloop init``: the page that a person reads, the file that it writes, and tables that mean harm."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop.cli import main as cli
from tests.loop.loop_helpers import call

ROWS = "".join(f"Co{20 + i}Cr{25 - i}Fe25Ni30,as-cast,{150 + 7 * i},{4 + i % 3}\n" for i in range(12))
TABLE = f"Alloy,Process,HV,HV std\n{ROWS}Mo-Si-B,as-cast,900,10\nCoNi,as-cast,<100,\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "results.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_a_page_and_a_file_that_check_takes(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, err = call(capsys, "init", table.name, "--maximize", "hardness", "--constraint", "density <= 9")
    assert (code, out) == (0, "")
    for text in (
        "results.csv: 14 rows, 4 columns",
        "alloys, as formulas",
        "property hardness",
        "standard deviation of HV",
        "maximize hardness: 12 rows are read",
        "left out 1: no composition",
        "(line 14)",
        "left out 1: no value",
        "results.yaml is written",
    ):
        assert text in err
    assert call(capsys, "check", "results.yaml")[0] == 0
    text = Path("results.yaml").read_text("utf-8")
    assert "hardness: {column: HV, unit: HV, std: HV std}" in text
    assert "- density <= 9" in text


def test_what_stands_as_a_comment_can_be_taken_in(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    lines = [f"Co{20 + i}Cr{25 - i}Fe25Ni30,{150 + 7 * i},{300 + 9 * i},forged" for i in range(12)]
    table.write_text("\n".join(["Alloy,HV,YS (MPa),Supplier", *lines, "Co30Cr30Ni40,160,310,cast"]), "utf-8")
    assert call(capsys, "init", table.name, "--maximize", "HV")[0] == 0
    text = Path("results.yaml").read_text("utf-8")
    taken = text.replace("# yield_strength:", "yield_strength:").replace("# where: Supplier", "where:\n      Supplier")
    assert taken.count("\n  yield_strength:") == taken.count("\n      yield_strength:") == taken.count("Supplier:") == 1
    Path("more.yaml").write_text(taken, "utf-8")
    assert call(capsys, "check", "more.yaml")[0] == 0


TREATED = """Alloy,HV,Route,Anneal T (K),Anneal time (h),Rolling reduction,Quench,Sintering programme
Co20Cr25Fe25Ni30,150,cast,,,0.1,oil,a
Co21Cr24Fe25Ni30,152,cast,,,0.2,oil,b
Co20Cr25Fe25Ni30,180,annealed,1173,1,0.3,,c
Co20Cr25Fe25Ni30,185,annealed,1273,10,0.4,,d
Co22Cr23Fe25Ni30,190,aged,1073,500,0.5,water,e
Co23Cr22Fe25Ni30,195,aged,1123,0.5,0.6,,f
Co24Cr21Fe25Ni30,175,annealed,1223,5,0.75,,g
"""


def test_processing_becomes_variables(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    more = [f"Co2{i}Cr2{9 - i}Fe21Ni30,17{i},cast,,,0.{80 + i},,{word}" for i, word in enumerate("hijklmno")]
    table.write_text(TREATED + "\n".join(more), "utf-8")
    code, _, err = call(capsys, "init", table.name, "--maximize", "HV")
    assert code == 0
    for told in (
        "'Route' is the variable route",
        "'Anneal T (K)' is the variable anneal_t, where route is aged or annealed",
        "'Quench' is no variable: 12 of 15 rows have nothing there",
        "'Sintering programme' is no variable: it has 15 different words",
    ):
        assert told in err
    text = Path("results.yaml").read_text("utf-8")
    for line in (
        "    route: [aged, annealed, cast]",
        "    anneal_t: {values: [1073, 1123, 1173, 1223, 1273], unit: K, when: {route: [aged, annealed]}}",
        "    anneal_time: {values: [0.5, 1, 5, 10, 500], scale: log, unit: h, when: {route: [aged, annealed]}}",
        "    rolling_reduction: {low: 0.1, high: 0.88, step: 0.02}",
        '      anneal_t: "Anneal T (K)"',
    ):
        assert line in text
    code, out, _ = call(capsys, "init", table.name, "--maximize", "HV", "--json", "--force")
    assert list(json.loads(out)["variables"]) == ["route", "anneal_t", "anneal_time", "rolling_reduction"]
    assert call(capsys, "check", "results.yaml")[0] == 0


def test_a_temperature_of_the_anneal_is_a_variable_where_a_person_says_so(
    capsys: pytest.CaptureFixture[str], table: Path
) -> None:
    rows = [f"Co{20 + i // 2}Cr{25 - i // 2}Fe25Ni30,annealed,{900 + 100 * (i % 2)},{150 + 7 * i}" for i in range(8)]
    table.write_text("\n".join(["Alloy,Heat treatment,T [K],HV", *rows]), "utf-8")
    assert "it is taken for a condition of the test: if the alloys were treated so, give it as --variable" in " ".join(
        call(capsys, "init", table.name, "--maximize", "HV")[2].split()
    )
    code, _, err = call(capsys, "init", table.name, "--maximize", "HV", "--variable", "T [K]", "--force")
    assert code == 0
    assert "alloys have several rows" not in err
    assert "values: [900, 1000], unit: K" in Path("results.yaml").read_text("utf-8")
    code, _, err = call(capsys, "init", table.name, "--maximize", "HV", "--variable", "T", "--force")
    assert (code, "there is no column 'T' for a variable; there are 'Alloy'" in err) == (2, True)


def test_rows_that_are_no_designs_are_told_on_the_page_and_in_the_file(
    capsys: pytest.CaptureFixture[str], table: Path
) -> None:
    rows = ["CoCrFeNi,140", *(f"Al0.{i}CoCrFeNi,{140 + 31 * i}" for i in range(1, 10))]
    table.write_text("\n".join(["Alloy,HV", *rows]), "utf-8")
    _, _, err = call(capsys, "init", table.name, "--maximize", "HV")
    told = "9 of 10 rows lie between its steps: they teach the model, but are no designs, and never count as the best"
    assert told in err
    assert told in Path("results.yaml").read_text("utf-8")
    _, out, _ = call(capsys, "init", table.name, "--maximize", "HV", "--json", "--force")
    assert json.loads(out)["outside"] == ["9 of 10 rows lie between its steps"]


COMPOUNDS = "NaCl MgO CaF2 Al2O3 LiF KCl BaO Fe2O3 TiO2 ZnS CaS Na2O K2S MgF2 SrTiO3 CaTiO3 LiAlO2 BaTiO3".split()


def test_formulas_of_compounds_become_a_space_of_formulas(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    rows = [f"{formula},{-2.5 + 0.1 * i}" for i, formula in enumerate([*COMPOUNDS, "Fe3O4", "Na12Cl13"])]
    table.write_text("\n".join(["formula,formation enthalpy (eV/atom)", *rows]), "utf-8")
    code, _, err = call(capsys, "init", table.name, "--minimize", "formation enthalpy")
    assert code == 0
    for told in ("have more than 8 atoms of an element", "are not neutral and balanced"):
        assert f"1 of 20 rows {told}: they teach the model, but are no designs" in " ".join(err.split())
    text = Path("results.yaml").read_text("utf-8")
    space = yaml.safe_load(text)["space"]
    assert space.pop("elements") == sorted({e for formula in COMPOUNDS for e in re.findall("[A-Z][a-z]?", formula)})
    assert space == {"kind": "formula", "most_atoms": 8, "elements_count": [2, 3], "charges": "balanced"}
    assert call(capsys, "check", "results.yaml")[0] == 0


def test_intermetallic_compounds_among_formulas_leave_charges_free(
    capsys: pytest.CaptureFixture[str], table: Path
) -> None:
    rows = [
        f"{formula},{0.1 * i}" for i, formula in enumerate([*COMPOUNDS, "Ni3Al", "CuZn", "Ti3Au", "Mg2Cu", "LaPb3"])
    ]
    table.write_text("\n".join(["formula,target", *rows]), "utf-8")
    assert call(capsys, "init", table.name, "--minimize", "target")[0] == 0
    text = Path("results.yaml").read_text("utf-8")
    assert "charges: any" in text
    assert "of the rows are neutral and balanced" in text
    assert call(capsys, "check", "results.yaml")[0] == 0


def test_alloys_in_ratios_stay_on_a_grid(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    rows = [
        f"{formula},{100 + i}" for i, formula in enumerate(["CoCrFeNi", "AlCoCrFeNi", "TiFe", "Al3CoCrFeNi", "AlTi"])
    ]
    table.write_text("\n".join(["alloy,HV", *rows]), "utf-8")
    assert call(capsys, "init", table.name, "--maximize", "HV")[0] == 0
    assert "step" in yaml.safe_load(Path("results.yaml").read_text("utf-8"))["space"]


def test_a_document_names_every_row_that_is_left_out(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, err = call(capsys, "init", table.name, "--minimize", "HV", "--json", "--out", "new.yaml")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["objectives"] == ["minimize hardness"]
    assert document["rows"] + len(document["dropped"]) == document["records"] == 14
    assert [row["line"] for row in document["dropped"]] == [14, 15]
    assert document["columns"][3] == {
        "column": "HV std",
        "is": "standard deviation of HV",
        "name": "HV",
        "unit": "",
        "assumed": False,
        "filled": 13,
    }


def test_a_goal_may_be_a_range_to_match(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    assert call(capsys, "init", table.name, "--match", "HV=180..200")[0] == 0
    assert "- match hardness 180..200" in Path("results.yaml").read_text("utf-8")


def test_a_limit_alone_asks_for_any_alloy_that_keeps_it(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    assert call(capsys, "init", table.name, "--constraint", "HV >= 200")[0] == 0
    assert "objectives: []" in Path("results.yaml").read_text("utf-8")


def test_no_file_is_overwritten_unless_a_person_says_so(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    Path("results.yaml").write_text("mine", "utf-8")
    code, _, err = call(capsys, "init", table.name, "--maximize", "HV")
    assert code == 2
    assert "results.yaml is there already; give --force" in err
    assert Path("results.yaml").read_text("utf-8") == "mine"
    assert call(capsys, "init", table.name, "--maximize", "HV", "--force")[0] == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "or a --constraint alone for any alloy that keeps it; properties of the table are hardness"),
        (["--maximize", "strength"], "no column of numbers is 'strength'; there are hardness"),
        (["--match", "HV"], "a property is matched as PROPERTY=VALUE or PROPERTY=LOW..HIGH, got 'HV'"),
        (["--maximize", "HV", "--constraint", "HV > 3"], "--constraint takes a property, <= or >=, and a number"),
        (["--maximize", "HV", "--constraint", "HV >= much"], "nothing is written"),
        (["--maximize", "HV", "--balance", "Xx"], "'Xx' is no chemical element"),
        (["--maximize", "HV", "--sheet", "a"], "only XLSX files have sheets"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(
    capsys: pytest.CaptureFixture[str], table: Path, options: list[str], reason: str
) -> None:
    code, _, err = call(capsys, "init", table.name, *options)
    assert code == 2
    assert reason in err.splitlines()[-1]
    assert not Path("results.yaml").exists()


cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["NbTa", "Al0.5CoCr", "=1+1", "@SUM(A1)", "1e999", "12 ± 3", "<5", "-", '"', "\x1b[31m", "# a: b"]),
    st.floats().map(str),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=6), max_size=6),
    separator=st.sampled_from([",", ";", "\t"]),
    heads=st.lists(st.sampled_from(["Alloy", "Al", "Ni (wt.%)", "HV", "HV std", "T (°C)", "", "x: [y"]), max_size=6),
)
def test_a_table_of_anything_ends_in_a_file_or_in_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    rows: list[list[str]],
    separator: str,
    heads: list[str],
) -> None:
    path = tmp_path / "hostile.csv"
    path.write_text("\n".join(separator.join(cells) for cells in [heads, *rows]), "utf-8", "surrogatepass", newline="")
    options = ["--maximize", "HV", "--out", str(tmp_path / "hostile.yaml"), "--force", "--json"]
    code, _, err = call(capsys, "init", str(path), *options)
    assert code in (0, 2)
    assert "\x1b" not in err
    assert len(err.splitlines()) == (1 if code else 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda rest: b"PK\x03\x04" + rest)))
@pytest.mark.parametrize("name", ["hostile.csv", "hostile.json", "hostile.xlsx"])
def test_any_bytes_end_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SystemExit) as stop:
        cli.main(["init", str(path), "--maximize", "HV", "--json", "--out", str(tmp_path / "x.yaml"), "--force"])
    assert stop.value.code in (0, 2)
    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_a_column_of_formulas_without_a_head_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text(",HV\nCoNi,200\nCoCr,300\nCrNi,400\n")
    code, _, err = call(capsys, "init", str(tmp_path / "table.csv"), "--maximize", "HV")
    assert code == 2
    assert "the column of formulas has no head; give it one, such as alloy" in err
