"""People among several validators: whole campaigns that stop for them, files of several laboratories, wrong files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from alloys.errors import PeopleNeededError
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.store import IterationState, JobState, check_store
from loop.summaries import campaign_state
from loop.view import Row, View
from tests.loop.drive.test_tiers import GATE, document, finished
from tests.loop.loop_helpers import call

MELTING = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
LIQUIDUS, SOLIDUS = "liquidus [K]", "solidus [K]"
Rows = list[dict[str, str]]


class Desk:
    """A campaign, and a person at the command line who measures as the dear command of `test_tiers` does."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], whole: dict[str, Any]) -> None:
        self.file, self._capsys = folder / "jobs.csv", capsys
        self.config = CampaignConfig.model_validate(whole)

    def drive(self) -> str:
        """Goes on from where it stands, in a campaign opened anew: what people are asked for, or nothing."""
        with Campaign.open(self.config) as campaign:
            try:
                Driver(campaign, LocalExecutor()).run(self.config.iterations)
            except PeopleNeededError as error:
                assert campaign_state(campaign.store) == "waiting"
                return str(error)
            finally:
                assert check_store(campaign.store) == []
            return ""

    def queue(self, command: str, *arguments: str) -> tuple[int, str, str]:
        return call(self._capsys, "queue", command, self.config.name, *arguments, "--directory", self.config.directory)

    def document(self, command: str, *arguments: str) -> Any:
        code, out, err = self.queue(command, *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def exported(self, state: str = "awaiting_human") -> Rows:
        self.document("export", "--state", state, "--out", str(self.file))
        with self.file.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def write(self, rows: Rows) -> None:
        with self.file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def brought(self, rows: Rows) -> dict[str, int]:
        """What became of the rows; zeros left out."""
        self.write(rows)
        counts: dict[str, int] = self.document("import", str(self.file), "--source", "furnace 2")
        return {name: count for name, count in counts.items() if count}

    def view(self) -> View:
        with Campaign.open(self.config) as campaign:
            return campaign.view()


def people(label: str, *properties: str, **more: Any) -> dict[str, Any]:
    """An entry of ``validators``; the goal's unknown properties where none are named."""
    return {
        "name": "human",
        "label": label,
        "settings": {"properties": list(properties)} if properties else {},
        **more,
    }


def filled(row: dict[str, str]) -> dict[str, str]:
    """The whole answer of whoever is asked."""
    mean = sum(float(row[symbol]) * melting for symbol, melting in MELTING.items())
    values = {LIQUIDUS: mean - 100.0, SOLIDUS: mean - 300.0}
    asked = [name for name in values if name.partition(" ")[0] in row["bounds"]]
    return {
        **row,
        **{name: repr(values[name]) for name in asked},
        **{name.replace(" ", "_std "): "25" for name in asked},
    }


def test_a_laboratory_in_the_place_of_the_dear_program_gets_the_same_campaign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program").mkdir()
    with finished(tmp_path / "program") as other:
        wanted = other.view()
    whole = document(tmp_path)
    whole["validators"] = [*wanted_programs(tmp_path), people("dear", hours=2.5, seconds=3600.0)]
    desk = Desk(tmp_path, capsys, whole)
    stops = []
    while text := desk.drive():
        rows = desk.exported()
        stops.append(len(rows))
        assert f"{len(rows)} to be measured (by dear: {len(rows)}): `alloyloop queue export small" in text
        assert all(row["validator"] == "dear" for row in rows)
        assert all(row["bounds"] == "200 <= liquidus <= 5000 K; 200 <= solidus <= 5000 K" for row in rows)
        assert desk.brought([filled(row) for row in rows]) == {"answered": len(rows)}
    assert (len(stops) >= 2, sum(stops)) == (True, 4)
    view = desk.view()
    # What was asked of whom, what is confirmed and the hypervolume are those of a program that says the same.
    assert [_plain(row) for row in view.rows] == [_plain(row) for row in wanted.rows]
    assert view.hypervolume(view.rows) == wanted.hypervolume(wanted.rows)
    told = [answer for row in view.rows for answer in row.answers if answer.tier == 2]
    assert len(told) == 4
    assert {answer.source for answer in told} == {"furnace 2"}
    assert all(answer.stds == {"liquidus": 25.0, "solidus": 25.0} for answer in told)


def wanted_programs(folder: Path) -> list[dict[str, Any]]:
    """The two cheap programs of `test_tiers`."""
    programs: list[dict[str, Any]] = document(folder)["validators"][:2]
    return programs


def _plain(row: Row) -> Any:
    answers = [(a.tier, a.iteration, a.values, a.stds, a.failure) for a in row.answers]
    return row.design, row.iteration, row.values, row.confirmed, row.feasible, answers


def test_programs_go_on_while_people_in_the_middle_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = document(tmp_path)
    first, _, dear = whole["validators"]
    lab = people("lab", gates=[f"liquidus >= {GATE - 100}"])
    whole["validators"] = [first, lab, dear | {"hours": 1.5}]
    desk = Desk(tmp_path, capsys, whole)
    assert "(by lab: " in desk.drive()
    start = desk.exported()
    hot = max(start, key=lambda row: float(filled(row)[LIQUIDUS]))
    others = [row for row in start if row is not hot]
    cracked = {**others[0], "failure": "it cracked"}
    # The best one is measured in part and then lost: what is known of it opens no gate.
    assert desk.brought([cracked, only_liquidus(hot), *map(filled, others[1:])]) == {
        "answered": len(start) - 2 + 1,
        "kept": 1,
    }
    assert "(by lab: 1)" in desk.drive()
    assert desk.queue("cancel", hot["key"], "--reason", "lost")[0] == 0
    assert "(by lab: " in desk.drive()
    with Campaign.open(desk.config) as campaign:
        store = campaign.store
        assert store.iteration(0).state is IterationState.CLOSED
        asked = [(p.tier, store.job(p.key).state) for p in store.promotions(1)]
        # One that the first iteration passed over went to the program in the same round.
        assert (2, JobState.DONE) in asked
        assert (1, JobState.AWAITING_HUMAN) in asked
        dear_ones = {str(p.selection.candidate.design) for p in store.promotions() if p.tier == 2}
        assert len(dear_ones) == 2
        passed = {row["formula"] for row in others[1:] if float(filled(row)[LIQUIDUS]) >= GATE - 100}
        assert dear_ones <= passed
        (part,) = [o for o in store.observations() if o.tier == 1 and o.key is None]
        assert part.observation.values == {"liquidus": float(filled(hot)[LIQUIDUS])}
        assert part.observation.stds == {"liquidus": 25.0}
        row = next(row for row in campaign.view().rows if str(row.design) == hot["formula"])
        assert row.values["liquidus"] == part.observation.values["liquidus"]
        assert "liquidus" not in row.confirmed
    rest = desk.exported()
    assert desk.brought([filled(row) for row in rest]) == {"answered": len(rest)}
    assert desk.drive() == ""
    levels = {label: len(data.designs) for label, data in desk.view().fidelities()}
    assert levels == {"lab": len(start) - 1 + len(rest), "dear": 2}


def only_liquidus(row: dict[str, str]) -> dict[str, str]:
    """A part of the whole answer."""
    return {**filled(row), SOLIDUS: "", "solidus_std [K]": ""}


@pytest.fixture
def two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk that looks first, and a laboratory that measures what is left: no program at all, and no model."""
    whole = document(tmp_path, iterations=0, start={"validate": 4, "from_table": 0.5})
    whole["validators"] = [people("desk", "liquidus", gates=["liquidus >= 2000"]), people("lab")]
    desk = Desk(tmp_path, capsys, whole)
    assert "4 to be measured (by desk: 4)" in desk.drive()
    return desk


def test_people_first_and_people_last_answer_one_file_after_the_other(two: Desk) -> None:
    first = two.exported()
    assert [row["bounds"] for row in first] == ["200 <= liquidus <= 5000 K"] * 4
    assert two.brought([filled(row) for row in first[:3]] + first[3:]) == {"answered": 3, "empty": 1}
    assert "1 to be measured (by desk: 1)" in two.drive()
    assert two.brought([filled(first[3])]) == {"answered": 1}
    assert "4 to be measured (by lab: 4)" in two.drive()
    rows = two.exported("all")
    assert [row["validator"] for row in rows] == ["desk"] * 4 + ["lab"] * 4
    assert two.document("show", rows[4]["key"])["label"] == "lab"
    # The desk's lines come back as they went out, the laboratory's filled in, one of them in part.
    cancelled = rows[7]["key"]
    assert two.queue("cancel", cancelled, "--reason", "lost")[0] == 0
    counts = two.brought([*rows[:4], only_liquidus(rows[4]), *map(filled, rows[5:7]), rows[7]])
    assert counts == {"known": 4, "answered": 2, "kept": 1, "empty": 1}
    assert "1 to be measured (by lab: 1)" in two.drive()
    row = next(r for r in two.view().rows if str(r.design) == rows[4]["formula"])
    assert [answer.tier for answer in row.answers] == [1, 0]
    assert "liquidus" in row.confirmed
    assert "solidus" not in row.values
    assert two.brought([{**filled(rows[4]), LIQUIDUS: "", "liquidus_std [K]": ""}]) == {"answered": 1}
    assert two.drive() == ""
    known = [row for row in two.view().rows if {"solidus", "liquidus"} <= set(row.confirmed)]
    assert len(known) == 3
    assert any(row.feasible for row in known)


def test_two_measurements_both_count_and_a_failure_beside_them_is_marked_for_review(two: Desk) -> None:
    row = filled(two.exported()[0])
    assert two.brought([row]) == {"answered": 1}
    assert two.brought([row]) == {"known": 1}
    assert two.brought([{**row, LIQUIDUS: "2345"}]) == {"repeats": 1}
    failed = {head: "" if head.endswith("[K]") else cell for head, cell in row.items()} | {"failure": "cracked"}
    assert two.brought([failed]) == {"conflicts": 1}
    (marked,) = two.document("list", "--review")
    assert marked["key"] == row["key"]
    shown = two.document("show", row["key"])
    assert [result["conflict"] for result in shown["results"]] == [None, None, "cracked; accepted: measured"]
    assert two.queue("approve", row["key"])[0] == 0
    assert two.document("list", "--review") == []


def _spoiled(**cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [rows[0], {**rows[1], **{name.replace("_K", " [K]"): text for name, text in cells.items()}}]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_spoiled(solidus_K="2000"), "line 3: 'desk' is asked for liquidus, not for solidus"),
        (_spoiled(validator="lab"), "line 3: the job asks 'desk', and the row is of 'lab'"),
        (_spoiled(nonce="older"), "line 3: the nonce is not the job's"),
        (_spoiled(liquidus_K="2,300"), "line 3: liquidus must be a finite number"),
        (_spoiled(formula="NbW"), "line 3: the job asks for"),
    ],
)
def test_a_wrong_line_stops_the_file(two: Desk, spoil: Callable[[Rows], Rows], message: str) -> None:
    two.write(spoil([filled(row) for row in two.exported()[:2]]))
    code, _, err = two.queue("import", str(two.file))
    assert (code, message in " ".join(err.split())) == (2, True), err
    assert two.document("list", "--state", "done") == []


def test_a_programs_job_is_not_for_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = document(tmp_path, iterations=0, start={"validate": 4, "from_table": 0.5}, validation={"hold": True})
    whole["validators"] = [{"name": "reference", "gates": ["density <= 10"]}, people("lab")]
    desk = Desk(tmp_path, capsys, whole)
    assert "4 held" in desk.drive()
    assert desk.exported("all") == []
    (job, *_) = desk.document("list")
    shown = desk.document("show", job["key"])
    desk.write([{"key": job["key"], "nonce": shown["nonce"], SOLIDUS: "2400", LIQUIDUS: "2500"}])
    code, _, err = desk.queue("import", str(desk.file))
    assert code == 2
    assert "line 2: the program 'reference' answers this job, not people" in " ".join(err.split())
    # What is approved goes where it belongs: the closed forms to the program, what is light enough to people.
    assert desk.queue("approve", "--all")[0] == 0
    assert "held" in desk.drive()
    assert desk.queue("approve", "--all")[0] == 0
    text = desk.drive()
    rows = desk.exported()
    assert f"{len(rows)} to be measured (by lab: {len(rows)})" in text
    light = {str(row.design) for row in desk.view().rows if row.values["density"] <= 10}
    assert {row["formula"] for row in rows} == light
    assert 0 < len(rows) < 4
    assert desk.brought([filled(row) for row in rows]) == {"answered": len(rows)}
    assert desk.drive() == ""


def test_a_campaign_of_programs_has_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, capsys, document(tmp_path, iterations=0, validation={"hold": True}))
    assert "6 held" in desk.drive()
    code, _, err = desk.queue("export", "--out", str(desk.file))
    assert code == 2
    assert "programs answer every job of this campaign (reference, draft, dear)" in " ".join(err.split())


def test_other_people_are_another_campaign(two: Desk) -> None:
    whole = yaml.safe_load(yaml.safe_dump(two.config.model_dump(mode="json", by_alias=True)))
    del whole["validator"]
    whole["validators"][1]["settings"] = {"properties": ["solidus"]}
    other = CampaignConfig.model_validate(whole)
    with pytest.raises(Exception, match="validators"):
        Campaign.open(other)


def test_people_on_a_server(tmp_path: Path, postgresql: sa.URL, capsys: pytest.CaptureFixture[str]) -> None:
    whole = document(
        tmp_path, name="people", iterations=0, start={"validate": 4, "from_table": 0.5}, state=str(postgresql)
    )
    whole["validators"] = [whole["validators"][0], people("lab")]
    desk = Desk(tmp_path, capsys, whole)
    text = desk.drive()
    rows = desk.exported()
    assert f"(by lab: {len(rows)})" in text
    assert desk.brought([only_liquidus(rows[0]), *map(filled, rows[1:])]) == {"kept": 1, "answered": len(rows) - 1}
    assert "(by lab: 1)" in desk.drive()
    assert desk.brought([filled(rows[0])]) == {"answered": 1}
    assert desk.drive() == ""
    assert sum("solidus" in row.confirmed for row in desk.view().rows) == len(rows)
