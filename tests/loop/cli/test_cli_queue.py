"""The queue from the command line: looking, deciding, and answers by the file."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from alloys.points.csv_cells import escape, unescape
from loop.store import CampaignStore, check_store
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import call, write_config
from tests.support.database import write_past_the_store

SOLIDUS = "solidus [K]"
Rows = list[dict[str, str]]


class Desk:
    """A campaign whose answers people bring, and a person at the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], **changes: Any) -> None:
        self.folder, self.capsys = folder, capsys
        self.file = folder / "jobs.csv"
        self.config = write_config(folder, validator={"name": "human"}, **changes)

    def __call__(self, command: str, *arguments: str) -> tuple[int, str, str]:
        where = ("--directory", str(self.folder / "campaigns"))
        return call(self.capsys, "queue", command, "small", *arguments, *where)

    def run(self, *arguments: str) -> tuple[int, str]:
        code, out, err = call(self.capsys, "run", str(self.config), *arguments)
        assert out == ""
        return code, err

    def document(self, command: str, *arguments: str) -> Any:
        code, out, err = self(command, *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def keys(self, state: str) -> list[str]:
        return [job["key"] for job in self.document("list", "--state", state)]

    def exported(self, state: str = "awaiting_human") -> Rows:
        assert self.document("export", "--state", state, "--out", str(self.file))["file"] == str(self.file)
        with self.file.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def bring(self, rows: Rows, *arguments: str) -> tuple[int, str, str]:
        with self.file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return self("import", str(self.file), *arguments)

    def brought(self, rows: Rows) -> dict[str, int]:
        code, out, err = self.bring(rows, "--json")
        assert code == 0, err
        counts: dict[str, int] = json.loads(out)
        return counts

    @property
    def database(self) -> Path:
        return self.folder / "campaigns" / "small" / "campaign.db"

    def store(self) -> CampaignStore:
        return CampaignStore.open(self.database)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    desk = Desk(tmp_path, capsys)
    code, err = desk.run()
    assert code == 3
    assert "6 to be measured: `alloyloop queue export small --out jobs.csv --directory" in " ".join(err.split())
    yield desk
    with desk.store() as store:
        assert check_store(store) == []


def fill(row: dict[str, str], **more: float) -> dict[str, str]:
    """A whole answer in the place of empty cells."""
    values = {**ANSWERS, **more}
    return {name: str(values.get(name.split(" [")[0], cell)) for name, cell in row.items()}


def test_people_answer_by_the_file_and_the_run_goes_on(desk: Desk) -> None:
    rows = desk.exported()
    assert len(rows) == 6
    assert sum(float(rows[0][symbol]) for symbol in ("Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W", "Zr")) == 1
    assert "200 <= solidus <= 5000 K" in rows[0]["bounds"]
    assert desk.brought(rows)["empty"] == 6
    filled = [fill(row, solidus=2300.0 + place) for place, row in enumerate(rows)]
    filled[0] |= {"solidus_std [K]": "12.5"}
    filled[1] = {**rows[1], "failure": "the ingot cracked"}
    wanted = {"answered": 5, "kept": 0, "known": 0, "repeats": 0, "conflicts": 0, "empty": 1}
    assert desk.brought([*filled[:5], rows[5]]) == wanted
    assert desk.brought(filled) == {**wanted, "answered": 1, "known": 5, "empty": 0}
    shown = desk.document("show", rows[0]["key"][:8])
    assert shown["state"] == "done"
    assert shown["results"][0]["properties"]["solidus"] == {"value": 2300.0, "unit": "K", "std": 12.5}
    assert [event["to"] for event in shown["events"]] == ["awaiting_human", "done"]
    with desk.store() as store:
        assert {o.observation.failure for o in store.observations()} == {None, "the ingot cracked"}
    before = desk.exported("all")
    assert desk.brought(before) == {**wanted, "answered": 0, "known": 6, "empty": 0}
    code, err = desk.run()
    assert code == 3, err
    assert "iteration 0/1 closed: 5 of 6 feasible" in err
    assert "2 to be measured" in err


def test_what_excel_saves_is_read(desk: Desk) -> None:
    rows = [fill(row, solidus=2300.5 + place) for place, row in enumerate(desk.exported())]
    for decimal, some in ((",", rows[:2]), (".", rows[2:4])):
        lines = [list(rows[0]), *(list(row.values()) for row in some)]
        with desk.file.open("w", newline="", encoding="utf-8-sig") as stream:
            csv.writer(stream, delimiter=";").writerows(
                [
                    [_as_number(cell).replace(".", decimal) if _as_number(cell) else cell for cell in line]
                    for line in lines
                ]
            )
        code, _, err = desk("import", str(desk.file))
        assert code == 0, err
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([*rows[0], None])
    for row in rows[4:]:
        sheet.append([float(cell) if _as_number(cell) else cell or None for cell in row.values()])
    book.save(desk.folder / "jobs.xlsx")
    code, _, err = desk("import", str(desk.folder / "jobs.xlsx"))
    assert code == 0, err
    with desk.store() as store:
        solidus = sorted(stored.observation.values["solidus"] for stored in store.observations())
    assert solidus == [2300.5 + place for place in range(6)]


def _as_number(cell: str) -> str:
    """The cell where it is a number; empty where it is none, such as a key of digits and letters."""
    return cell if re.fullmatch(r"-?\d{1,6}(\.\d+)?", cell) else ""


def test_a_part_of_an_answer_is_kept_and_the_rest_completes_it(desk: Desk) -> None:
    rows = desk.exported()[:1]
    part = [{**rows[0], SOLIDUS: "2400"}]
    assert desk.brought(part)["kept"] == 1
    assert desk.brought(part)["known"] == 1
    assert len(desk.keys("awaiting_human")) == 6
    rest = [{**fill(rows[0]), SOLIDUS: ""}]
    assert desk.brought(rest)["answered"] == 1
    assert desk.brought(part)["known"] == 1
    assert desk.brought([{**rows[0], SOLIDUS: "2500"}])["repeats"] == 1


@pytest.mark.parametrize("word", ["NA", "<NA>", "NaN", "n/a", "NaT", "None"])
def test_words_of_programs_for_nothing_are_no_answers(desk: Desk, word: str) -> None:
    rows = desk.exported()[:2]
    named = [{**row, **{head: cell or word for head, cell in row.items()}} for row in rows]
    assert desk.brought(named) == {"answered": 0, "kept": 0, "known": 0, "repeats": 0, "conflicts": 0, "empty": 2}
    answered = {head: cell or word for head, cell in fill(rows[0]).items()}
    assert desk.brought([{**answered, "failure": word}])["answered"] == 1
    assert len(desk.keys("awaiting_human")) == 5


def test_a_failure_of_what_was_measured_is_to_be_looked_at(desk: Desk) -> None:
    rows = [fill(row) for row in desk.exported()[:2]]
    desk.brought(rows)
    with desk.store() as store:
        digest = store.dataset_digest()
    failed = {head: "" if "[" in head else cell for head, cell in rows[0].items()} | {"failure": "cracked"}
    other = [failed, rows[1]]
    assert desk.brought(other) == {
        "answered": 0,
        "kept": 0,
        "known": 1,
        "repeats": 0,
        "conflicts": 1,
        "empty": 0,
    }
    assert desk.brought(other)["known"] == 2
    (marked,) = desk.document("list", "--review")
    assert marked["key"] == rows[0]["key"]
    shown = desk.document("show", marked["key"])
    assert [(r["replicate"], r["conflict"]) for r in shown["results"]] == [
        (False, None),
        (True, "cracked; accepted: measured"),
    ]
    assert "1 conflicting" in desk("list", "--review")[1]
    assert desk("approve", marked["key"])[0] == 0
    assert desk.document("list", "--review") == []
    code, _, err = desk("approve", marked["key"])
    assert code == 2
    assert "is done: only a held job, or one with conflicting results, can be approved" in err
    with desk.store() as store:
        assert store.dataset_digest() == digest


@pytest.mark.parametrize(
    ("head", "text", "kelvin"),
    [("solidus [°C]", "2026.85", 2300.0), ("solidus", "2300", 2300.0), ("solidus [ K ]", "2300.0", 2300.0)],
)
def test_known_units_are_converted(desk: Desk, head: str, text: str, kelvin: float) -> None:
    row = fill(desk.exported()[0])
    std = {"solidus_std [°C]": "3"} if "°C" in head else {}
    row = {(head if name == SOLIDUS else name): cell for name, cell in row.items() if name != "solidus_std [K]"}
    row = {name.replace("freezing_range [K]", "freezing_range [°C]"): cell for name, cell in row.items()}
    desk.brought([{**row, head: text, **std}])
    (result,) = desk.document("show", row["key"])["results"]
    assert result["properties"]["solidus"]["value"] == pytest.approx(kelvin)
    assert result["properties"]["solidus"].get("std") == (3.0 if std else None)
    assert result["properties"]["freezing_range"]["value"] == 100.0  # a difference has no offset


def _rename(old: str, new: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{(new if name == old else name): cell for name, cell in row.items()} for row in rows]


def _set(**cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [rows[0], {**rows[1], **{k.replace("__", " [K]"): v for k, v in cells.items()}}]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_rename(SOLIDUS, "solidus [psi]"), "solidus cannot be given in 'psi': its unit is K"),
        (_rename(SOLIDUS, "colour"), "unknown columns colour; properties are"),
        (_rename(SOLIDUS, "freezing_range"), "freezing_range has two columns"),
        (_rename("nonce", "note"), "needs a column 'nonce'; begin with a file of `alloyloop queue export`"),
        (_set(solidus__="inf"), "line 3: solidus must be a finite number with a decimal point, got 'inf'"),
        (_set(solidus__="2300,5"), "line 3: solidus must be a finite number"),
        (_set(solidus__="2_300"), "line 3: solidus must be a finite number"),
        (_set(solidus__="=2300+1"), "line 3: solidus must be a finite number"),
        (_set(solidus__="2.3"), "line 3: solidus must lie in [200, 5000] K, got 2.3 K"),
        (_set(solidus_std__="-1"), "line 3: solidus_std must lie in [0, 4800] K, got -1"),
        (_set(solidus_std__="1e300"), "line 3: solidus_std must lie in [0, 4800] K, got 1e300"),
        (_set(failure="a\0b"), "line 3: holds a NUL character"),
        (_set(solidus__="", solidus_std__="3"), "line 3: a standard deviation without its value: solidus"),
        (_set(failure="it cracked"), "line 3: values and a failure are given"),
        (_set(key="abc"), "line 3: no job has the key 'abc'; export the jobs of this campaign"),
        (_set(nonce="abc"), "line 3: the nonce is not the job's: it was asked again since"),
        (_set(formula="NbW"), "line 3: the job asks for"),
        (_set(formula="Qq2"), "line 3: unknown element 'Qq'"),
        (_set(Nb="0.9"), "and the row is of another alloy; bring that one with Campaign.observe"),
    ],
)
def test_a_wrong_file_changes_nothing(desk: Desk, spoil: Callable[[Rows], Rows], message: str) -> None:
    rows = [fill(row) for row in desk.exported()[:2]]
    code, out, err = desk.bring(spoil(rows))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert len(desk.keys("awaiting_human")) == 6
    with desk.store() as store:
        assert store.observations(include_replicates=True) == []


def test_all_that_is_wrong_is_told_and_the_rest_is_counted(desk: Desk) -> None:
    row = fill(desk.exported()[0])
    code, _, err = desk.bring([row] + [{**row, SOLIDUS: "hot"}] * 30)
    assert code == 2
    lines = err.splitlines()
    assert sum(": solidus must be" in line for line in lines) == 20
    assert lines[-1].strip() == "and 10 more"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "needs a column 'key'"),
        (b"key,nonce,key\n", "columns 1 and 3 are both named 'key'; rename one of them"),
        (b"key,nonce,solidus\na,b\n", "line 2: has 2 cells, and the header 3"),
        (b"key,nonce\n\xff\xfe\n", "line 2: has 1 cells, and the header 2"),
        (b"PK\x03\x04 and no more", "it is no whole XLSX file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(desk: Desk, content: bytes, message: str) -> None:
    desk.file.write_bytes(content)
    code, _, err = desk("import", str(desk.file))
    assert code == 2
    assert message in err
    assert desk("import", str(desk.folder / "missing.csv"))[0] == 2


def test_cells_that_a_spreadsheet_would_run_are_escaped(desk: Desk) -> None:
    text = '=HYPERLINK("http://example.org","cracked")'
    rows = desk.exported()[:1]
    desk.brought([{**rows[0], "failure": text}])
    (row,) = desk.exported("failed")
    assert row["failure"] == "'" + text
    assert desk.brought([row])["known"] == 1
    with desk.store() as store:
        assert [o.observation.failure for o in store.observations()] == [text]


@given(st.text(st.sampled_from("'=+-@\t\r\n＝a1"), max_size=6))
def test_escaping_is_undone_by_unescaping(text: str) -> None:
    written = escape(text)
    assert unescape(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


def test_an_answer_to_a_question_that_was_asked_again_is_stale(desk: Desk) -> None:
    rows = [fill(row) for row in desk.exported()[:2]]
    write_past_the_store(desk.database, "UPDATE jobs SET nonce = 'newer' WHERE key = ?", (rows[1]["key"],))
    code, _, err = desk.bring(rows)
    assert code == 2
    assert "line 3: the nonce is not the job's" in err
    assert len(desk.keys("done")) == 0


def test_listing_showing_and_what_is_refused(desk: Desk) -> None:
    jobs = desk.document("list", "--limit", "2")
    assert [set(job) for job in jobs] == [
        {"key", "formula", "validator", "state", "attempts", "created", "updated"}
    ] * 2
    assert jobs[0]["validator"] == "human"
    code, out, err = desk("list", "--limit", "2", "--iteration", "0")
    assert (code, "and 4 more" in err) == (0, True)
    assert jobs[0]["key"][:12] in out
    key = jobs[0]["key"]
    assert desk("show", key)[0] == 0
    assert desk.document("show", key)["can_become"] == ["cancelled", "done", "failed"]
    for arguments, message in [
        (("show", "zz"), "no job has a key that begins with 'zz'"),
        (("show", ""), "several jobs have keys that begin with ''"),
        (("list", "--state", "lost"), "unknown job state 'lost'; available are held, queued"),
        (("retry", key), f"job {key} is awaiting_human: only a job that needs review or waits for its next try"),
        (("retry", "--validator", "oracle"), "no job asks the validator 'oracle'; those asked are human"),
        (("approve", "--all"), "no job is held"),
        (("approve", key, "--all"), "not both"),
        (("approve",), "name at least one key"),
        (
            ("reject", key, "--reason", "dear"),
            "only a held job can be rejected or edited; it can become cancelled, done",
        ),
        (("export", "--state", "lost", "--out", str(desk.file)), "unknown job state"),
        (("export", "--out", str(desk.folder)), "is no plain file"),
    ]:
        code, out, err = desk(*arguments)
        assert (code, out) == (2, ""), arguments
        assert message in " ".join(err.split())
    assert desk("cancel", key, jobs[1]["key"], "--reason", "no metal")[0] == 0
    assert "cancelled by" in desk.document("show", key)["events"][-1]["note"]
    code, _, err = desk("cancel", desk.keys("awaiting_human")[0], key)
    assert (code, "cancelled already" in err) == (2, True)
    assert len(desk.keys("awaiting_human")) == 4


def test_a_run_on_hold_ends_until_people_approve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, capsys)
    code, err = desk.run("--hold")
    assert (code, "6 held" in err, "Traceback" in err) == (3, True, False)
    keys = desk.keys("held")
    assert desk("approve", *[key[:10] for key in keys[:2]])[0] == 0
    code, err = desk.run()
    assert code == 3
    assert "4 held" in err
    assert "2 to be measured" in err


def test_the_log_is_checked(desk: Desk) -> None:
    code, out, err = desk("check")
    assert (code, out, err.strip()) == (0, "", "0 problems in 6 moves")
    assert desk.document("check") == {"moves": 6, "problems": []}
    with closing(sqlite3.connect(desk.folder / "campaigns" / "small" / "campaign.db")) as connection, connection:
        connection.execute("UPDATE jobs SET attempts = 3 WHERE rank = 0")
    code, out, err = desk("check", "--json")
    assert code == 1
    assert "counts 3 attempts, but began to run 0 times" in json.loads(out)["problems"][0]
    with closing(sqlite3.connect(desk.folder / "campaigns" / "small" / "campaign.db")) as connection, connection:
        connection.execute("UPDATE jobs SET attempts = 0")
