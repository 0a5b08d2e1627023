"""Designs with variables from a batch to people and back: two of one composition stay two everywhere."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from alloys.design import Design, Value
from alloys.errors import InputError
from alloys.records import Candidate, Measured, Selection
from loop.campaign import Campaign
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ValidationTask, ValidatorSpec
from loop.people.exchange import export_jobs, import_results
from loop.people.queue_report import job_document, show_document
from loop.review.report import best_document
from loop.store import check_store
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import small_config, small_document
from validation.registry import make_validator

FORMULA = "Nb40Ta30Ti30"
CAST: dict[str, Value] = {"anneal_c": 900, "route": "cast"}
VARIABLES = {"route": ["cast", "=print"], "anneal_c": [900, 1100.5]}
PLAIN, ANNEALED, PRINTED = (Design.parse(FORMULA, v) for v in ({}, CAST, {"anneal_c": 1100.5, "route": "=print"}))


def _start(campaign: Campaign, *designs: Design) -> None:
    campaign.store.begin_iteration(0)
    chosen = [Selection(Candidate(design, "design"), rank, 0.0, "a start") for rank, design in enumerate(designs)]
    campaign.store_batch(0, chosen)


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    space = {**small_document(tmp_path)["space"], "variables": VARIABLES}
    with Campaign.open(small_config(tmp_path, validator={"name": "external"}, space=space)) as opened:
        _start(opened, PLAIN, ANNEALED, PRINTED)
        yield opened
        assert check_store(opened.store) == []


def test_the_store_keeps_designs_of_one_composition_apart(campaign: Campaign) -> None:
    jobs = campaign.store.jobs()
    assert [job.request.design for job in jobs] == [PLAIN, ANNEALED, PRINTED]
    assert len({job.key for job in jobs}) == 3
    assert [p.selection.candidate.design for p in campaign.store.proposals()] == [PLAIN, ANNEALED, PRINTED]
    assert campaign.view().pending == (PLAIN, ANNEALED, PRINTED)


def test_people_are_suggested_variables_and_answer_by_them(
    campaign: Campaign, caplog: pytest.LogCaptureFixture
) -> None:
    out = campaign.pending()
    assert list(out["formula"]) == [PLAIN.formula] * 3
    assert list(out["route"].astype(object).where(out["route"].notna(), "")) == ["", "cast", "=print"]
    answers = out[["formula", "anneal_c", "route"]].assign(**ANSWERS)
    answers["solidus"] = [2300.0, 2310.0, 2320.0]
    assert campaign.observe(answers.iloc[1:]).new == 2
    assert campaign.view().pending == (PLAIN,)
    assert campaign.observe(answers).new == 1
    rows = {row.design: row.values["solidus"] for row in campaign.view().rows}
    assert rows == {PLAIN: 2300.0, ANNEALED: 2310.0, PRINTED: 2320.0}
    assert campaign.observe(answers).known == 3
    assert "1 of 3 rows have no route, and are known without it" in caplog.text
    named = [
        {name: entry.get(name) for name in ("formula", "variables")} for entry in best_document(campaign.view(), 3)
    ]
    assert {"formula": PLAIN.formula, "variables": CAST} in named
    assert {"formula": PLAIN.formula, "variables": None} in named


def test_files_for_people_have_a_column_for_each_variable(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    assert export_jobs(campaign.store, file, None) == 3
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["anneal_c"], row["route"]) for row in rows] == [("", ""), ("900", "cast"), ("1100.5", "'=print")]
    filled = [{name: str(ANSWERS.get(name.split(" [")[0], cell)) for name, cell in row.items()} for row in rows]
    wrong = [filled[0], {**filled[1], "anneal_c": "950"}]
    pd.DataFrame(wrong).to_csv(file, index=False)
    with pytest.raises(InputError, match=r"line 3: the job asks for Nb40Ta30Ti30 \(anneal_c 900, route cast\), and"):
        import_results(campaign.store, file, source="lab")
    pd.DataFrame([*filled[:1], {**filled[1], "anneal_c": "900.0"}, filled[2]]).to_csv(file, index=False)
    counts, empty = import_results(campaign.store, file, source="lab")
    assert (counts.answered, empty) == (3, 0)
    assert [o.observation.design for o in campaign.store.observations()] == [PLAIN, ANNEALED, PRINTED]


def test_documents_name_variables_only_where_there_are_some(campaign: Campaign) -> None:
    jobs = campaign.store.jobs()
    assert "variables" not in job_document(jobs[0])
    assert job_document(jobs[1])["variables"] == CAST
    assert show_document(campaign.store, jobs[1].key)["formula"] == PLAIN.formula


ECHO = """
import json, sys
request = json.load(open(sys.argv[1]))
value = request.get("variables", {}).get("anneal_c", 0)
answer = {"solidus": {"value": 2000 + value, "unit": "K"}}
told = {"protocol": 1, "key": request["key"], "nonce": request["nonce"], "properties": answer}
json.dump(told, open(sys.argv[2], "w"))
"""


def test_a_command_is_asked_with_the_variables(tmp_path: Path) -> None:
    script = tmp_path / "echo.py"
    script.write_text(ECHO, encoding="utf-8")
    command = [sys.executable, str(script), "{request}", "{verdict}"]
    settings = {"command": command, "properties": ["solidus"], "run": {"scratch": str(tmp_path / "scratch")}}
    executor, spec = LocalExecutor(), ValidatorSpec.of(make_validator("script", settings))
    for design in (PLAIN, ANNEALED):
        executor.submit(spec, ValidationTask(design.digest(), design.canonical()))
    verdicts = [done.verdict for done in executor.collect(1.0)]
    measured = [v.properties["solidus"].value for v in verdicts if isinstance(v, Measured)]
    assert measured == [2000.0, 2900.0], verdicts
