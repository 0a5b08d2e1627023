"""Alloys are added by hand and parts of the space excluded while a campaign runs."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ModelTask, ValidationTask, ValidatorSpec
from loop.people import steering
from loop.store import CampaignStore, JobState, check_store
from loop.view import view_of
from tests.loop.loop_helpers import Interrupting, StoppedError, call, small_config
from tests.loop.steering.running import closed, killed, melting_document, running

ADDED = "Hf10Ta60W30"


def _has(design: Design, symbol: str) -> bool:
    return symbol in design.composition.elements


def test_a_running_campaign_obeys_what_is_added_excluded_and_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--directory", str(tmp_path / "campaigns"))
    with running(tmp_path, 0.6, iterations=2, batch=4) as run:
        run.until(lambda store: store.counts()["done"] > 0, "the first answer")
        assert call(capsys, "add", "small", "Mo20Ta40V40", "--by", "Ada", *where)[0] == 0
        run.until(lambda store: any(p.iteration == 1 for p in store.proposals()), "a proposal")
        code, out, err = call(
            capsys, "exclude", "small", "--element", "W", "--by", "Ada", "--why", "no furnace", "--json", *where
        )
        assert code == 0, err
        act = json.loads(out)
        for words in ("batch 3", "density <= 13"):
            assert call(capsys, "change", "small", words, *where)[0] == 0
        code, err = run.ended()
        assert code == 0, err
    code, _, err = call(capsys, "exclude", "small", "--region", "x_Ta > 0.3", *where)
    assert code == 2
    assert "is finished" in err
    with CampaignStore.open(run.database) as store:
        assert closed(store) == 3
        assert check_store(store) == []
        (mine,) = (p for p in store.proposals() if p.selection.candidate.origin == "by hand")
        assert (str(mine.selection.candidate.design), mine.iteration) == ("Mo20Ta40V40", 0)
        assert mine.selection.why == "added by Ada"
        assert store.job(mine.key).state is JobState.DONE
        # W melts highest of all: the batch before was full of it, and no later one has any.
        withdrawn = [store.job(key) for key in act["withdrawn"]]
        assert withdrawn
        assert {(job.state, job.error_class) for job in withdrawn} == {(JobState.CANCELLED, "rejected")}
        assert "has W, outside the space" in str(withdrawn[0].message)
        assert {p.iteration for p in store.proposals() if _has(p.selection.candidate.design, "W")} <= {0, 1}
        assert (act["act"], store.iteration(2).notes.inputs.acts) == (2, 4)
        later = [p.selection.candidate.design for p in store.proposals(2)]
        assert len(later) == 3
        problem = view_of(store).problem
        assert all(problem.exact(design)["density"] <= 13 for design in later)
        assert any(problem.exact(p.selection.candidate.design)["density"] > 13 for p in store.proposals(1))
        begun = [event for event in store.events() if event.to_state is JobState.RUNNING]
        assert not {event.key for event in begun} & set(act["withdrawn"])
    assert all(not row["feasible"] for row in _best(capsys, where) if "W" in row["formula"])
    rows = json.loads(call(capsys, "status", "small", "--json", *where)[1])["iterations"]
    assert "hypervolume_then" not in rows[2]
    assert rows[0]["hypervolume_then"] > rows[0]["hypervolume"]
    assert "was changed since the campaign began" in call(capsys, "best", "small", *where)[1]


def _best(capsys: pytest.CaptureFixture[str], where: tuple[str, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(capsys, "best", "small", "--top", "50", "--json", *where)[1])
    assert any(row["feasible"] for row in found)
    return found


class Acting(LocalExecutor):
    """While a task of the models runs, somebody excludes tungsten from another process; then this one may be killed."""

    def __init__(self, database: Path, kill: bool) -> None:
        super().__init__()
        self._database, self._kill, self._done = database, kill, False

    def begin(self, task: ModelTask) -> None:
        super().begin(task)
        if not self._done:
            self._done = True
            with CampaignStore.open(self._database) as store:
                steering.exclude(store, element="W", who="Ada", why="no furnace")
            if self._kill:
                raise StoppedError


def _to_its_end(folder: Path, kill: bool, kill_later: int = 0) -> tuple[str, list[Any]]:
    """The campaign in which tungsten is excluded while its first batch is chosen: its digest, and what it proposed."""
    folder.mkdir()
    config = small_config(folder, **melting_document(folder, iterations=1, batch=3))
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        acting = Acting(campaign.folder / "campaign.db", kill)
        try:
            Driver(campaign, acting).run(1)
        except StoppedError:
            assert kill
    if kill_later:
        with Campaign.open(config) as campaign, pytest.raises(StoppedError):
            Driver(campaign, Interrupting(campaign, kill_later)).run(1)
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(1)
        assert check_store(campaign.store) == []
        proposals = campaign.store.proposals(1)
        assert campaign.store.iteration(1).notes.inputs.acts == 1
        assert len(campaign.store.acts()) == 1
        picked = [(p.selection.candidate, p.selection.score) for p in proposals]
        assert len(picked) == 3
        assert not any(_has(candidate.design, "W") for candidate, _ in picked)
        return campaign.store.dataset_digest(), picked


def test_what_is_excluded_while_a_batch_is_chosen_holds_for_it_and_a_killed_run_repeats_it(tmp_path: Path) -> None:
    undisturbed = _to_its_end(tmp_path / "undisturbed", kill=False)
    assert _to_its_end(tmp_path / "killed", kill=True, kill_later=3) == undisturbed


class Excluding(LocalExecutor):
    """While the first validation runs, somebody excludes an element of it."""

    symbol = ""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        super().submit(spec, task)
        if not self.symbol:
            self.symbol = "Ta" if "Ta" in task.canonical else Design.from_canonical(task.canonical).formula[:2]
            with CampaignStore.open(self._database) as store:
                steering.exclude(store, element=self.symbol, who="Ada")


def test_what_was_excluded_goes_to_no_further_validator_though_its_validation_is_finished(tmp_path: Path) -> None:
    document = melting_document(tmp_path, iterations=0, start={"validate": 8, "from_table": 0.5})
    script = document.pop("validator")
    second = {"name": "script", "label": "second", "settings": {**script["settings"], "version": "2"}}
    document["validators"] = [{**script, "label": "first"}, second]
    with Campaign.open(small_config(tmp_path, **document)) as campaign:
        executor = Excluding(campaign.folder / "campaign.db")
        Driver(campaign, executor).run(0)
        jobs = campaign.store.jobs()
        out = [job for job in jobs if _has(job.request.design, executor.symbol)]
        assert [job.state for job in out if job.attempts] == [JobState.DONE]  # it ran, and was finished
        assert {job.tier for job in out} == {0}
        assert {job.tier for job in jobs if job not in out} == {0, 1}
        assert check_store(campaign.store) == []


def test_acts_that_contradict_where_the_campaign_stands_are_refused_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = melting_document(tmp_path, iterations=0, constraints=["density <= 7"])
    with Campaign.open(small_config(tmp_path, **changes)) as campaign:
        campaign.suggest(3)
        asked = str(campaign.store.proposals()[0].selection.candidate.design)
    where = ("--directory", str(tmp_path / "campaigns"))
    for words, said in [
        (("add", "small", "Fe50Ta50"), "Fe"),
        (("add", "small", "Ta50W50"), "2 elements, allowed are 3 to 6"),
        (("add", "small", asked), f"{asked} was asked for in iteration 0"),
        (("exclude", "small"), "exclude takes --element SYMBOL or --region INEQUALITY, one of them"),
        (("exclude", "small", "--element", "Fe"), "Fe is not among the elements of the space"),
        (("exclude", "small", "--region", "x_Hf >= 0"), "nothing of the space is left"),
        (
            ("exclude", "small", "--region", "x_Ti + x_V + x_Cr + x_Zr > 0.3"),
            "none of 4000 designs keeps the constraints that need no validation",
        ),
    ]:
        code, _, err = call(capsys, *words, *where)
        assert (code, said in err) == (2, True), (words, err)
    assert killed(["exclude", "small", "--element", "W", *where]) == -signal.SIGKILL
    assert call(capsys, "exclude", "small", "--element", "Hf", *where)[0] == 0
    code, _, err = call(capsys, "exclude", "small", "--element", "Hf", *where)
    assert (code, "Hf is excluded already" in err) == (2, True)
    assert call(capsys, "add", "small", "Hf30Ta10Ti30V30", *where)[0] == 2
    assert call(capsys, "add", "small", "Nb10Ti40V50", *where)[0] == 0
    assert "was added already" in call(capsys, "add", "small", "Nb10Ti40V50", *where)[2]
    with Campaign.open(small_config(tmp_path, **changes)) as campaign:
        assert [str(act.kind) for act in campaign.store.acts()] == ["exclude", "add"]
        campaign.observe(campaign.pending().assign(liquidus=2500.0))
        assert campaign.pending()["formula"].tolist() == ["Nb10Ti40V50"]  # it joined the iteration that was begun last
        assert not any("Hf" in formula for formula in campaign.suggest(3)["formula"])
