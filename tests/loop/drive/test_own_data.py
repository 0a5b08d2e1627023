"""A campaign that begins with results of its own: repeats, foreign alloys, slips, files and other campaigns."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alloys.design import Design
from alloys.errors import InputError
from loop.campaign import Campaign
from loop.choose.fitting import fit_surrogate
from loop.choose.steps import known_compositions
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.explain import explain_document
from loop.review.predict import predict_document
from loop.review.report import best_document, best_tables
from loop.store import DataEventKind
from loop.summaries import iteration_summaries
from tests.loop.loop_helpers import call, small_config, write_config

GOAL: dict[str, Any] = {"objectives": ["maximize solidus"], "constraints": ["density <= 13"], "reference_point": {}}
ALLOY = "Nb30Ta30Ti40"
ENTRY = {
    "file": "results.csv",
    "formula": "Alloy",
    "properties": {"solidus": {"column": "T_S", "unit": "°C", "std": "T_S std"}},
    "source": "10.1038/xyz",
}
SPACE = {"elements": ["Nb", "Ta", "Ti", "Mo"], "count": [2, 4], "lower": 0.05, "upper": 0.8}
FEW: dict[str, Any] = {"generator": {"family": "cvae", "proposals": 40, "settings": {"epochs": 2}}}
OWN: dict[str, Any] = {**GOAL, "space": SPACE, "data": [ENTRY], "start": {}, "validator": {"name": "external"}, **FEW}


def _campaign(folder: Path, **changes: Any) -> Campaign:
    """One objective that people measure, beside a closed form."""
    return Campaign.open(small_config(folder, **{**GOAL, "validator": {"name": "external"}, **changes}))


def _frame(**measured: float) -> pd.DataFrame:
    return pd.DataFrame({"formula": list(measured), "solidus": list(measured.values())})


def test_a_repeat_counts_in_the_model_and_is_shown_with_its_scatter(tmp_path: Path) -> None:
    with _campaign(tmp_path) as campaign:
        campaign.observe(_frame(Nb30Ta30Ti40=2500.0, Mo20Nb30Ta30Ti20=2700.0))
        assert campaign.observe(_frame(Nb30Ta30Ti40=2520.0)).repeats == 1
        view = campaign.view()
        known = view.observed()
        assert sorted(known.values["solidus"]) == [2500.0, 2520.0, 2700.0]
        (row,) = [row for row in view.rows if row.design == Design.parse(ALLOY)]
        assert row.values["solidus"] == 2510.0
        told = {"std": pytest.approx(200**0.5), "measurements": 2}
        assert row.measured["solidus"].to_json() == told
        (predicted,) = predict_document(view, [Design.parse(ALLOY)])
        shown = predicted["properties"]["solidus"]
        assert {"mean": 2510.0, "source": "measured", **told}.items() <= shown.items()
        best = best_document(view, 2)[1]["properties"]["solidus"]
        assert {"value": 2510.0, **told}.items() <= best.items()
        explained = explain_document(view, campaign.store.proposals(), Design.parse(ALLOY))
        assert explained["measured"]["solidus"] == {"value": 2510.0, "unit": "K", **told}


def test_standard_deviations_that_are_observed_count_in_the_model(tmp_path: Path) -> None:
    digests = set()
    for std in (None, 5.0, 150.0):
        with _campaign(tmp_path / str(std)) as campaign:
            table = _frame(Nb30Ta30Ti40=2500.0, Mo20Nb30Ta30Ti20=2700.0, Nb40Ta20Ti40=2400.0)
            campaign.observe(table.assign(solidus_std=[std, None, None]))
            told = campaign.view().observed().stds
            assert [value for value in told.get("solidus", []) if value == value] == ([] if std is None else [std])
            digests.add(fit_surrogate(campaign.view()).digest)
            with pytest.raises(InputError, match=r"solidus_std must lie in \[0, 4800\] K"):
                campaign.observe(_frame(Nb50Ta30Ti20=2500.0).assign(solidus_std=-1.0))
    assert len(digests) == 3


def test_foreign_elements_and_points_off_the_grid_teach_and_are_no_part_of_the_front(tmp_path: Path) -> None:
    with _campaign(tmp_path) as campaign:
        inside = {"Nb30Ta30Ti40": 2500.0, "Mo20Nb30Ta30Ti20": 2700.0, "Nb40Ta20Ti40": 2400.0}
        campaign.observe(_frame(**inside))
        before = fit_surrogate(campaign.view()).digest
        campaign.observe(_frame(Nb40Ta30Al30=2950.0, **{"Nb30.5Ta29.5Ti40": 2960.0}))
        view = campaign.view()
        assert view.foreign == ("Al",)
        assert len(view.observed().designs) == 5
        assert fit_surrogate(view).digest != before
        ranked = best_document(view, 5)
        assert [entry["feasible"] for entry in ranked] == [True] * 3 + [False] * 2
        assert any("Al, outside the space" in entry.get("outside", "") for entry in ranked[3:])
        assert any("not on the grid" in entry.get("outside", "") for entry in ranked[3:])
        assert view.hypervolume(view.rows) == view.hypervolume([row for row in view.rows if not row.outside])
        assert "Al30Nb40Ta30" in str(best_tables(view, 5)[0].caption)
        assert len(campaign.suggest(2)) == 2


def _rows(count: int) -> list[tuple[str, float]]:
    """Alloys of the space with a solidus that rises with tantalum and molybdenum, in °C."""
    shares = itertools.islice(itertools.product((10, 15, 20, 25), (10, 20, 30, 40), (10, 20, 30)), count)
    return [(f"Mo{mo}Nb{100 - mo - ta - ti}Ta{ta}Ti{ti}", 2000.0 + 5 * ta + 3 * mo - 2 * ti) for mo, ta, ti in shares]


def _table(folder: Path, rows: list[tuple[str, float]], extra: str = "") -> None:
    lines = [f"{formula},{value},{12 if i % 2 else ''}" for i, (formula, value) in enumerate(rows)]
    (folder / "results.csv").write_text("\n".join(["Alloy,T_S,T_S std", *lines]) + f"\n{extra}", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with 46 measured alloys."""
    monkeypatch.chdir(tmp_path)
    _table(tmp_path, _rows(46))
    return tmp_path


def test_a_generator_learns_an_alloy_between_the_steps_as_its_nearest_point(tmp_path: Path) -> None:
    with _campaign(tmp_path) as campaign:
        campaign.observe(_frame(**{"Nb30.4Ta29.6Ti40": 2960.0, "Mo20.2Nb29.8Ta50": 2900.0, "Nb30Ta30Ti40": 2500.0}))
        known = known_compositions(campaign.view(), [])
        learned = {
            str(campaign.view().space.design(p)): c[0] for p, c in zip(known.points, known.conditions, strict=True)
        }
        assert learned == {"Mo20Nb30Ta50": 2900.0, "Nb30Ta30Ti40": 2500.0}


def test_a_campaign_begins_from_46_rows_at_iteration_1_with_no_start_design(folder: Path) -> None:
    with _campaign(folder, **OWN) as campaign:
        table = campaign.suggest(3)
        assert len(table) == 3
        assert [len(campaign.store.proposals(index)) for index in range(2)] == [0, 3]
        assert campaign.store.iterations()[0].state == "closed"
        assert "probability_feasible" in table
        known = {row.design for row in campaign.view().rows}
        assert len(known) == 46
        assert not known & {proposal.selection.candidate.design for proposal in campaign.store.proposals()}
        seen = campaign.store.observations()[1].observation
        assert seen.values["solidus"] == pytest.approx(_rows(2)[1][1] + 273.15)
        assert (seen.stds, seen.source) == ({"solidus": 12.0}, "10.1038/xyz")
        digest = campaign.store.dataset_digest()
    with _campaign(folder, **OWN) as again:  # nothing twice
        assert again.store.dataset_digest() == digest
        assert [event.kind for event in again.store.data_events()] == ["start"]


def test_a_run_from_own_data_closes_an_empty_start_and_goes_on(folder: Path) -> None:
    with _campaign(folder, **OWN | {"validator": {"name": "reference"}}) as campaign:
        Driver(campaign, LocalExecutor()).run(1)
        assert [len(campaign.store.proposals(index)) for index in range(2)] == [0, 2]
        assert [iteration.state for iteration in campaign.store.iterations()] == ["closed", "closed"]
        assert campaign.store.facts().reference_point is not None


def test_rows_that_are_no_designs_of_the_space_are_counted_when_a_campaign_begins(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _table(folder, _rows(9), "Nb-30.4Ta-29.6Ti,2100,,\nRe50Ta50,2500,,\n")
    _campaign(folder, **OWN).close()
    assert "names such as 'Nb-30.4Ta-29.6Ti' are read in at.%; if they are in wt.%: `basis: as written`" in caplog.text
    told = "results.csv: 2 of 11 rows lie between the steps of the space or beyond it: they teach the model, but are no"
    assert told in caplog.text
    caplog.clear()
    _campaign(folder, **OWN).close()
    assert told not in caplog.text


def test_with_too_few_rows_the_start_is_filled_up(folder: Path) -> None:
    _table(folder, _rows(5))
    with _campaign(folder, **OWN) as campaign:
        chosen = campaign.start()
        assert len(chosen) == 24 - 5
        assert not {s.candidate.design for s in chosen} & {row.design for row in campaign.view().rows}


def test_a_start_of_none_needs_results(folder: Path) -> None:
    with (
        _campaign(folder, **OWN | {"data": [], "start": {"validate": 0}}) as campaign,
        pytest.raises(InputError, match=r"start\.validate is 0 and nothing is known"),
    ):
        campaign.suggest(2)


def test_a_file_that_changed_is_told_and_data_add_brings_its_new_rows(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = write_config(folder, **OWN)
    _campaign(folder, **OWN).close()
    _table(folder, _rows(47), "Mo10Nb50Ta20Ti,,\n")
    with _campaign(folder, **OWN) as campaign:
        assert len(campaign.store.observations()) == 46
    assert "results.csv changed since the campaign began; `alloyloop data add small results.csv`" in caplog.text
    assert call(capsys, "check", str(path))[0] == 0
    code, _, err = call(capsys, "data", "add", "small", "results.csv", "--by", "Ada")
    assert code == 0, err
    assert "1 new, 0 of alloys measured before, 46 there already" in err
    assert "left out: results.csv, line 49" in err
    with _campaign(folder, **OWN) as campaign:
        assert len(campaign.store.observations()) == 47
        assert [(e.kind, e.who) for e in campaign.store.data_events()] == [("start", "small"), ("add", "Ada")]


def test_a_slip_is_asked_about_withdrawn_and_corrected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _campaign(folder, **OWN).close()
    (folder / "more.csv").write_text("formula,solidus,soldus\nMo12Nb48Ta20Ti20,4250,1\n", encoding="utf-8")
    code, _, err = call(capsys, "data", "add", "small", "more.csv")
    assert code == 2
    assert "values at least 6 standard deviations from the prediction:" in err
    assert "Mo12Nb48Ta20Ti20: solidus 4250 K is " in err
    assert "--yes takes them" in err
    code, _, err = call(capsys, "data", "add", "small", "more.csv", "--yes")
    assert (code, "left out: more.csv: no property or variable is named by 'soldus'" in err) == (0, True)
    with _campaign(folder, **OWN) as campaign:
        slip = fit_surrogate(campaign.view()).digest
        assert max(row.values["solidus"] for row in campaign.view().rows) == 4250.0
    words = ("data", "correct", "small", "Mo12Nb48Ta20Ti20", "--set", "solidus=2425.0", "--why", "typo")
    assert call(capsys, *words)[0] == 0
    with _campaign(folder, **OWN) as campaign:
        view = campaign.view()
        assert fit_surrogate(view).digest != slip
        (row,) = [row for row in view.rows if row.design.formula == "Mo12Nb48Ta20Ti20"]
        assert (row.values["solidus"], row.feasible) == (2425.0, True)
    code, _, err = call(capsys, "data", "withdraw", "small", "Mo12Nb48Ta20Ti20", "--why", "the wrong ingot")
    assert code == 0, err
    code, out, _ = call(capsys, "data", "list", "small", "--formula", "Mo12Nb48Ta20Ti20")
    assert code == 0
    assert out.count("(does not count)") == 2
    assert "the wrong ingot" in out
    with _campaign(folder, **OWN) as campaign:
        assert len(campaign.view().rows) == 46


def test_a_correction_of_several_measurements_needs_the_number(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _rows(1)[0][0]
    _table(folder, [*_rows(46), (first, 2011.0)])
    _campaign(folder, **OWN).close()
    words = ("data", "correct", "small", first, "--set", "solidus=2300", "--why", "typo")
    code, _, err = call(capsys, *words)
    assert code == 2
    assert "has 2 results of solidus: 1, 47; name one by its number" in err
    assert call(capsys, *words[:3], "47", *words[4:])[0] == 0
    assert call(capsys, "data", "withdraw", "small", "NbTa", "--why", "x")[0] == 2


def test_a_slip_in_a_file_of_answers_is_asked_about(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _campaign(folder, **OWN | {"validator": {"name": "human"}}) as campaign:
        campaign.suggest(2)
    assert call(capsys, "queue", "export", "small", "--out", "jobs.csv")[0] == 0
    table = pd.read_csv("jobs.csv", dtype=str)
    table["solidus [K]"] = ["4250", "2500"]
    table.to_csv("jobs.csv", index=False)
    code, _, err = call(capsys, "queue", "import", "small", "jobs.csv")
    assert code == 2
    assert "solidus 4250 K is " in err
    assert "solidus 2500 K" not in err
    code, _, err = call(capsys, "queue", "import", "small", "jobs.csv", "--yes")
    assert code == 0, err
    assert "2 answered" in err


def test_what_was_brought_before_a_proposal_explains_it_and_what_came_after_does_not(folder: Path) -> None:
    with _campaign(folder, **OWN) as campaign:
        campaign.suggest(1)
        campaign.observe(_frame(Mo12Nb48Ta20Ti20=2425.0))
        formula = campaign.suggest(1)["formula"][0]
        campaign.observe(pd.DataFrame({"formula": [formula, "Mo12Nb47Ta21Ti20"], "solidus": [2600.0, 2430.0]}))
        (proposal,) = campaign.store.proposals(1)
        explained = explain_document(campaign.view(), campaign.store.proposals(), proposal.selection.candidate.design)
        assert explained["picked"]["same_model"] is True


def test_past_iterations_keep_what_was_true_when_a_result_is_withdrawn(folder: Path) -> None:
    with _campaign(folder, **OWN) as campaign:
        formulas = list(campaign.suggest(2)["formula"])
        campaign.observe(pd.DataFrame({"formula": formulas, "solidus": [2900.0, 2950.0]}))
        before = iteration_summaries(campaign.store)
        slip = next(o.id for o in campaign.store.observations() if o.observation.values["solidus"] == 2950.0)
        campaign.store.withdraw([slip], who="Ada", why="the wrong ingot")
        assert iteration_summaries(campaign.store) == before
        view = campaign.view()
        assert view.hypervolume(view.rows) < before[1]["hypervolume"]
        assert [design.formula for design in view.dropped] == formulas[1:]
        assert formulas[1] not in set(campaign.suggest(2)["formula"])


def test_a_campaign_begins_with_the_results_of_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _campaign(folder, **OWN).close()
    changes = {"data": [], "space": SPACE | {"elements": ["Nb", "Ta", "Ti", "W"]}, "name": "new"}
    config = small_config(folder, **OWN | changes)
    for _ in range(2):
        with Campaign.open(config, begin_from="small") as campaign:
            assert len(campaign.store.observations()) == 46
            seen = campaign.store.observations()[1].observation
            assert (seen.source, seen.stds) == ("campaign small: 10.1038/xyz", {"solidus": 12.0})
            (event,) = campaign.store.data_events()
            assert (event.kind, event.detail["campaign"]) == (DataEventKind.CAMPAIGN, "small")
            assert campaign.view().foreign == ("Mo",)
            assert len(campaign.start()) == 24  # not one of the palette's
    with pytest.raises(InputError, match="there is no campaign 'other'"):
        Campaign.open(config, begin_from="other")
    path = write_config(folder, **OWN | {"data": [], "name": "late", "validator": {"name": "human"}})
    code, _, err = call(capsys, "run", str(path), "--from", "small", "--iterations", "0")
    assert code == 0, err
    assert "iteration 0/0 closed" in err
    with _campaign(folder, **OWN | {"data": [], "name": "begun"}) as begun:
        begun.suggest(2)
    with pytest.raises(InputError, match="began without the results of 'small'"):
        Campaign.open(small_config(folder, **OWN | {"data": [], "name": "begun"}), begin_from="small")


KILLED = """
import os, signal, sys
import sqlalchemy as sa
from loop.cli.main import main

sa.event.listen(sa.Engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
main(["data", "add", "small", "results.csv"])
"""


def test_a_sigkill_in_the_middle_of_data_add_leaves_all_or_nothing(folder: Path) -> None:
    _campaign(folder, **OWN).close()
    _table(folder, _rows(48))
    root = str(Path(__file__).parents[3])
    killed = subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "PYTHONPATH": root}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with _campaign(folder, **OWN) as campaign:
        assert len(campaign.store.observations()) == 46
        assert len(campaign.store.data_events()) == 1


def test_a_file_that_both_campaigns_begin_with_counts_once(folder: Path) -> None:
    _campaign(folder, **OWN).close()
    with Campaign.open(small_config(folder, **OWN | {"name": "begun"}), begin_from="small") as campaign:
        assert len(campaign.store.observations()) == 46


def test_an_alloy_is_known_by_the_formula_that_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _campaign(folder) as campaign:
        campaign.observe(pd.DataFrame({"formula": ["Nb5Ta5Ti3"], "solidus": [2500.0]}))
        printed = Design.parse("Nb5Ta5Ti3").formula
    assert Design.parse(printed) != Design.parse("Nb5Ta5Ti3")
    assert "2500" in call(capsys, "data", "list", "small", "--formula", printed)[1]
    assert "measured" in call(capsys, "predict", "small", printed)[1]
    assert call(capsys, "data", "withdraw", "small", printed, "--why", "a slip")[0] == 0
