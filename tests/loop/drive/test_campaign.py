from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Verdict, quantities
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, ModelTask
from loop.review.predict import predict_document, predict_lines
from loop.store import CampaignBusy, CampaignStore, JobState, check_store
from loop.store.files import write_named
from loop.view import config_of, view_of
from tests.loop.loop_helpers import ROOT, Interrupting, StoppedError, small_config, write_config

ANSWERS = {
    "solidus": 2300.0,
    "freezing_range": 100.0,
    "bcc_fraction_1200c": 1.0,
    "bcc_fraction_1300c": 1.0,
    "specific_yield_strength_1300c": 20.0,
}


def _finished(folder: Path, **changes: object) -> Campaign:
    campaign = Campaign.open(small_config(folder, **changes))
    Driver(campaign, LocalExecutor()).run(campaign.config.iterations)
    return campaign


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return _finished(tmp_path_factory.mktemp("finished"))


def test_a_campaign_runs_to_its_end(finished: Campaign) -> None:
    view = finished.view()
    assert [row.iteration for row in view.rows] == [0] * 6 + [1] * 2
    assert len({row.design for row in view.rows}) == 8
    assert all(view.space.contains(view.space.point_of(row.design)[None])[0] for row in view.rows)
    for row in view.rows:
        for constraint in view.problem.closed_form_constraints:
            assert constraint.sign * (row.values[constraint.name] - constraint.bound) >= 0
    assert all(row.prediction is not None and row.why for row in view.rows if row.iteration == 1)
    assert check_store(finished.store) == []


def test_what_an_iteration_leaves_behind(finished: Campaign) -> None:
    names = {artifact.name for artifact in finished.store.artifacts(1)}
    assert names == {"generator.cvae", "batch.csv", "dataset.json", "pareto.png", "compositions.png", "timeline.png"}
    for artifact in finished.store.artifacts():
        assert (finished.folder / artifact.path).is_file()
    numbers = {metric.name for metric in finished.store.metrics() if metric.iteration == 1}
    assert {"hypervolume", "feasible_share", "batch.coverage.solidus", "batch.nll.solidus", "queue.done"} <= numbers


def test_the_same_seed_gives_the_same_campaign(finished: Campaign, tmp_path: Path) -> None:
    again = _finished(tmp_path)
    assert again.store.dataset_digest() == finished.store.dataset_digest()
    first = [(p.selection.candidate, p.selection.score) for p in finished.store.proposals()]
    assert [(p.selection.candidate, p.selection.score) for p in again.store.proposals()] == first


def test_another_seed_gives_another(finished: Campaign, tmp_path: Path) -> None:
    other = _finished(tmp_path, seed=5, iterations=1)
    assert other.store.dataset_digest() != finished.store.dataset_digest()


def test_the_view_is_rebuilt_from_the_database_alone(finished: Campaign) -> None:
    with CampaignStore.open(finished.folder / "campaign.db") as store:
        assert config_of(store).science() == finished.config.science()
        assert view_of(store).rows == finished.view().rows


def test_another_configuration_is_refused_with_a_diff(tmp_path: Path) -> None:
    Campaign.open(small_config(tmp_path)).close()
    with pytest.raises(InputError, match=r"batch: was 2, now 3"):
        Campaign.open(small_config(tmp_path, batch=3))
    Campaign.open(small_config(tmp_path, iterations=9)).close()


def test_a_second_driver_is_refused_by_name(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.loop.loop_helpers import small_config\n"
        "from loop.campaign import Campaign; Campaign.open(small_config(Path(sys.argv[1])))\n"
    )
    with Campaign.open(small_config(tmp_path)) as campaign:
        with pytest.raises(CampaignBusy, match="pid"):
            Campaign.open(small_config(tmp_path))
        run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
        assert run.returncode != 0
        assert f"already driven by {campaign.owner}" in run.stderr


def test_what_a_killed_write_left_is_removed_by_the_next_driver_alone(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    with Campaign.open(config) as campaign:
        written = campaign.folder / write_named(campaign.folder, "models", b"whole", ".safetensors").path
        left = written.with_name(".writing-abc")
        left.write_bytes(b"ha")
        with pytest.raises(CampaignBusy):
            Campaign.open(config)
        assert left.exists()
    with Campaign.open(config):
        assert not left.exists()
        assert written.read_bytes() == b"whole"


def test_a_driver_hands_out_the_start_without_the_models_libraries(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    code = (
        "import sys\n"
        "from loop.drive.run import Driver, LocalExecutor, OpenCampaign as Campaign\n"
        "class Slots(LocalExecutor):\n"
        "    def collect(self, timeout):\n"
        "        heavy = ('torch', 'botorch', 'sklearn', 'pycalphad', 'ray', 'mlflow')\n"
        "        raise SystemExit(str([self.pending, *(m for m in heavy if m in sys.modules)]))\n"
        "with Campaign.open(sys.argv[1]) as campaign:\n"
        "    Driver(campaign, Slots()).run(1)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(config)], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.strip().endswith("[1]"), run.stderr


class _Awkward(LocalExecutor):
    """Answers by itself: physics fails once, a worker dies once, one answer lies, the rest is plain."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__()
        self.asked: list[str] = []

    def collect(self, timeout: float) -> list[Done]:
        waiting, self._waiting = self._waiting, []
        done = []
        for _, task in waiting:
            self.asked.append(task.canonical)
            done.append(Done(task.key, self._verdict(len(self.asked))))
        return done

    def _verdict(self, number: int) -> Verdict | None:
        if number == 1:
            return Failed(FailureKind.PHYSICS, "no equilibrium")
        if number == 2:
            return None
        if number == 3:
            return Failed(FailureKind.SUSPECT, "solidus above the liquidus")
        return Measured(quantities(ANSWERS), 0.01)


def test_failures_are_kept_and_the_campaign_goes_on(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path)) as campaign:
        executor = _Awkward(campaign)
        Driver(campaign, executor).run(1)
        counts = campaign.store.counts()
        assert counts[JobState.DONE] == 6
        assert counts[JobState.FAILED] == 1
        assert counts[JobState.NEEDS_REVIEW] == 1
        failures = [row for row in campaign.view().rows if row.failure]
        assert [row.failure for row in failures] == ["no equilibrium"]
        assert not failures[0].feasible
        # Only the one whose worker died was asked for again.
        assert len(executor.asked) == len(set(executor.asked)) + 1
        assert check_store(campaign.store) == []


class _InterruptingTrainingToo(Interrupting):
    def begin(self, task: ModelTask) -> None:
        if task.trains:
            self.count()
        super().begin(task)
        if task.trains:
            self.count()


@pytest.mark.parametrize("stop_at", [1, 2, 3, 19, 20, 21])
def test_interrupted_anywhere_it_ends_the_same(finished: Campaign, tmp_path: Path, stop_at: int) -> None:
    campaign = Campaign.open(small_config(tmp_path))
    with pytest.raises(StoppedError):
        Driver(campaign, _InterruptingTrainingToo(campaign, stop_at)).run(1)
    campaign.close()
    with Campaign.open(small_config(tmp_path)) as again:
        Driver(again, LocalExecutor()).run(1)
        assert again.store.dataset_digest() == finished.store.dataset_digest()
        assert len(again.store.observations(include_replicates=True)) == 8
        assert check_store(again.store) == []


def test_several_families_propose_side_by_side(tmp_path: Path) -> None:
    quick = {"epochs": 40, "retries": 0}
    generator = {"families": {"cvae": quick, "cae": quick}, "proposals": 201}
    with _finished(tmp_path, generator=generator, iterations=2) as campaign:
        for index in (1, 2):
            notes = campaign.store.iteration(index).notes
            assert sum(used.proposals for used in notes.generators.values()) == 201
            for family, used in notes.generators.items():
                assert not notes.training[family]["collapsed"]
                assert used.proposals >= 20
            assert set(notes.training) == {"cvae", "cae"}
            names = {artifact.name for artifact in campaign.store.artifacts(index)}
            assert {"generator.cvae", "generator.cae"} <= names
        proposed = campaign.store.iteration(2).notes.screening.proposed
        assert {"cvae", "cae", "random"} <= set(proposed)


# By hand ----------------------------------------------------------------------------------------------------


def _external(folder: Path) -> Campaign:
    return Campaign.open(small_config(folder, validator={"name": "external"}))


def answers(suggested: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame({"formula": suggested["formula"]})
    for name, value in ANSWERS.items():
        table[name] = value
    return table


def test_suggest_and_observe_by_hand(tmp_path: Path) -> None:
    with _external(tmp_path) as campaign:
        first = campaign.suggest(6)
        assert list(campaign.suggest(3)["formula"]) == list(first["formula"])
        elements = list(campaign.problem.space.elements)
        assert first[elements].sum(axis=1).to_numpy() == pytest.approx(np.ones(6))
        table = answers(first)
        table["solidus"] = np.linspace(2000, 2500, 6)
        assert campaign.observe(table).new == 6
        assert campaign.observe(table).known == 6
        assert campaign.store.counts()[JobState.DONE] == 6
        assert {metric.name for metric in campaign.store.metrics()} >= {"hypervolume", "feasible_share"}
        rows = campaign.view().rows
        assert [row.iteration for row in rows] == [0] * 6
        assert sum(row.feasible for row in rows) > 0
        second = campaign.suggest(2)
        assert {"predicted_solidus", "predicted_solidus_std", "probability_feasible", "why"} <= set(second.columns)
        assert not set(second["formula"]) & set(first["formula"])
    with _external(tmp_path) as again:
        assert list(again.suggest(2)["formula"]) == list(second["formula"])
        assert len(again.view().rows) == 6


def test_results_brought_by_hand_join_a_calphad_campaign(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path)) as campaign:
        start = campaign.suggest(6)
        added = campaign.observe(answers(start.head(1)), source="laboratory")
        assert added.new == 1
        Driver(campaign, LocalExecutor()).run(0)
        rows = {str(row.design): row for row in campaign.view().rows}
        assert len(rows) == 6
        assert rows[start["formula"][0]].values["solidus"] == 2300.0
        assert {row.iteration for row in rows.values()} == {0}
        assert campaign.store.counts()[JobState.DONE] == 6
        assert check_store(campaign.store) == []


def test_a_partial_answer_keeps_the_alloy_out(tmp_path: Path) -> None:
    with _external(tmp_path) as campaign:
        first = campaign.suggest(6)
        table = answers(first)
        campaign.observe(table.iloc[:1][["formula", "solidus"]])
        assert len(campaign.pending()) == 6
        campaign.observe(table.iloc[:1].drop(columns="solidus"))
        assert len(campaign.pending()) == 5
        (row,) = campaign.view().rows
        assert (row.iteration, row.values["solidus"], row.feasible) == (0, 2300.0, True)


def test_a_failed_sample_is_an_answer(tmp_path: Path) -> None:
    with _external(tmp_path) as campaign:
        first = campaign.suggest(6)
        campaign.observe(pd.DataFrame({"formula": first["formula"][:1], "failure": ["the ingot cracked"]}))
        assert len(campaign.pending()) == 5
        campaign.observe(answers(first.iloc[1:]))
        assert campaign.pending().empty
        view = campaign.view()
        assert [row.failure for row in view.rows].count("the ingot cracked") == 1
        assert len(campaign.suggest(2)) == 2
        notes = campaign.store.iteration(1).notes.screening.notes
        assert any(note.startswith("validation failed for 1 of 6 alloys") for note in notes)
        designs = [Design.parse(text) for text in (first["formula"][0], first["formula"][1], "MoNbTaW")]
        found = predict_document(view, designs)
        assert [entry["status"] for entry in found] == ["failed", "measured", "unknown"]
        assert [entry["probability_success"] for entry in found[:2]] == [0.0, 1.0]
        assert found[0]["probability_feasible"] == 0.0
        assert 0.5 < found[2]["probability_success"] < 1.0
        assert "validation succeeds with probability" in "\n".join(predict_lines(found[2]))


def test_what_was_seen_before_the_start_is_not_asked_for_again(tmp_path: Path) -> None:
    with _external(tmp_path / "one") as campaign:
        first = campaign.suggest(6)
    with _external(tmp_path / "two") as campaign:
        campaign.observe(answers(first.head(2)))
        start = campaign.suggest(6)
        assert not set(start["formula"]) & set(first["formula"][:2])
        assert list(campaign.suggest(6)["formula"]) == list(start["formula"])


def test_a_suggestion_with_a_model_has_a_model_to_thank(tmp_path: Path) -> None:
    with _external(tmp_path) as campaign:
        campaign.observe(answers(campaign.suggest(6)))
        second = campaign.suggest(2)
        campaign.observe(answers(second))
        rows = [row for row in campaign.view().rows if row.iteration == 1]
        assert all(row.prediction is not None and row.origin != "observed" for row in rows)
        names = {metric.name for metric in campaign.store.metrics() if metric.iteration == 1}
        assert "batch.coverage.solidus" in names


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", True, None])
def test_a_number_of_suggestions_is_a_positive_whole_number(tmp_path: Path, n: object) -> None:
    with _external(tmp_path) as campaign, pytest.raises(InputError, match="whole number of at least 1"):
        campaign.suggest(n)  # type: ignore[arg-type]


def test_a_start_that_cannot_be_had_leaves_nothing_behind(tmp_path: Path) -> None:
    impossible = ["density <= 2", "solidus >= 2273"]
    with pytest.raises(InputError, match="satisfy the rules of the space and the closed-form constraints"):
        Campaign.open(small_config(tmp_path, constraints=impossible))
    assert not (tmp_path / "campaigns").exists()
    with pytest.raises(InputError, match=r"cannot read the start table"):
        Campaign.open(small_config(tmp_path, start={"table": "nowhere.csv"}))
    Campaign.open(small_config(tmp_path)).close()


def test_another_start_table_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    start = {"validate": 6, "from_table": 0.5, "table": str(table)}
    table.write_text("formula\nNbTiZr\nMoNbTi\n", encoding="utf-8")
    Campaign.open(small_config(tmp_path, start=start)).close()
    Campaign.open(small_config(tmp_path, start=start)).close()
    table.write_text("formula\nNbTiZr\n", encoding="utf-8")
    with pytest.raises(InputError, match="the table of known alloys changed"):
        Campaign.open(small_config(tmp_path, start=start))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"formula": ["NbTaTi"]}, "takes a pandas DataFrame, got dict"),
        (pd.DataFrame({"formula": ["NbTaTi"], "solidus": [float("nan")]}), "no property value"),
        (pd.DataFrame({"formula": ["NbTaTi"], "solidus": ["hot"]}), "must be a finite number"),
        (pd.DataFrame({"formula": ["NbTaTi"], "melting": [2000.0]}), "unknown columns melting"),
        (pd.DataFrame({"alloy": ["NbTaTi"], "solidus": [2000.0]}), "needs a column 'formula'"),
    ],
)
def test_bad_observations_change_nothing(tmp_path: Path, table: pd.DataFrame, message: str) -> None:
    with _external(tmp_path) as campaign:
        with pytest.raises(InputError, match=message):
            campaign.observe(table)
        assert campaign.store.observations() == []


def test_alloys_outside_the_space_can_still_teach(tmp_path: Path) -> None:
    with _external(tmp_path) as campaign:
        campaign.suggest(6)
        campaign.observe(pd.DataFrame({"formula": ["NbMoTaW", "Nb90Ti10"], "solidus": [3000.0, 2600.0]}))
        known = campaign.view().observed()
        assert Design.parse("Nb90Ti10") in known.designs
        assert sorted(known.values["solidus"]) == [2600.0, 3000.0]
