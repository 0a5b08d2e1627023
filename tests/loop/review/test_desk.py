"""MLflow as a view: a real store, written, lost, and written again."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alloys.errors import InputError, WorkError
from generators.asking.request import parse_targets
from loop.campaign import Campaign
from loop.choose.ranking import batch_calibration
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ValidationTask, ValidatorSpec
from loop.review.desk.address import tracking_uri
from loop.review.desk.charts import chart_of
from loop.review.desk.store import MlflowStore
from loop.review.desk.tracker import EXPERIMENT, Tracker
from loop.review.generate import answer, from_file
from loop.review.report import front_first
from loop.store import CampaignStore
from tests.loop.loop_helpers import ROOT, small_config
from tests.support.database import insert_past_the_store

# MLflow and what it imports warn on their own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")


def _runs(folder: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
    client = mlflow.MlflowClient(tracking_uri=tracking_uri(folder))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id])
    return {run.data.tags["alloyloop.iteration"]: run for run in runs}


def _tracker(campaign: Campaign, folder: Path) -> Tracker:
    """A tracker of the campaign elsewhere."""
    elsewhere = campaign.config.tracking.model_copy(update={"folder": str(folder)})
    return Tracker(campaign.store, campaign.config.model_copy(update={"tracking": elsewhere}))


def _folder(campaign: Campaign) -> Path:
    return Path(campaign.config.tracking.folder)


def test_parent_and_children(tracked: Campaign) -> None:
    runs = _runs(_folder(tracked))
    assert set(runs) == {"campaign", "0", "1"}
    assert runs["campaign"].info.status == "FINISHED"
    assert runs["1"].info.status == "FINISHED"
    assert runs["1"].data.tags["mlflow.parentRunId"] == runs["campaign"].info.run_id
    assert runs["campaign"].data.params["batch"] == "2"


def test_an_iteration_shows_how_its_generators_learned(tracked: Campaign) -> None:
    runs = _runs(_folder(tracked))
    assert set(runs["1"].data.metrics) == {"loss/cvae.train", "loss/cvae.validation"}
    assert not runs["0"].data.metrics


def test_the_charts_of_a_campaign_are_lines_in_groups(tracked: Campaign) -> None:
    import mlflow

    parent, told = _runs(_folder(tracked))["campaign"], tracked.store.metrics()
    charts = parent.data.metrics
    assert {name.partition("/")[0] for name in charts} == {"found", "trust", "generators", "cost", "queue"}
    for name in ("found/hypervolume", "found/best.ductility_index", "found/feasible_share", "found/results"):
        assert name in charts
    for name in ("trust/coverage.solidus", "trust/error.solidus", "queue/done", "cost/validate_seconds"):
        assert name in charts
    assert charts["generators/share.cvae"] + charts.get("generators/share.random", 0) <= 1
    assert all(any(m.value for m in told if chart_of(m.name) == name) for name in charts)
    client = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked)))
    points = client.get_metric_history(parent.info.run_id, "found/hypervolume")
    volumes = {m.iteration: m.value for m in told if m.name == "hypervolume"}
    assert {point.step: point.value for point in points} == volumes
    assert set(volumes) == {0, 1}


def test_the_experiment_opens_as_runs_and_not_as_talks_with_a_language_model(tracked: Campaign) -> None:
    store = MlflowStore(_folder(tracked), EXPERIMENT)
    experiment = store.client.get_experiment(store.experiment)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    earlier = store.client.create_experiment("made earlier")
    MlflowStore(_folder(tracked), "made earlier")
    assert store.client.get_experiment(earlier).tags["mlflow.experimentKind"] == "custom_model_development"


class _Seen(LocalExecutor):
    """Notes, as a validation is handed out, whether a file is there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self.seen = path, list[bool]()

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self.seen.append(self._path.exists())
        super().submit(spec, task)


def test_mlflow_is_opened_once_the_first_validation_is_handed_out(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path)) as campaign:
        database, tracker = _folder(campaign) / "mlflow.db", Tracker(campaign.store, campaign.config)
        tracker.finish()
        assert not database.exists()
        executor = _Seen(database)
        Driver(campaign, executor, [tracker]).run(0)
    assert executor.seen[0] is False
    assert executor.seen[-1] is True
    assert set(_runs(database.parent)) == {"campaign", "0"}


def test_artifacts(tracked: Campaign) -> None:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked)))
    found = {item.path for item in client.list_artifacts(_runs(_folder(tracked))["1"].info.run_id)}
    pictures = {"pareto.png", "compositions.png", "timeline.png"}
    assert found == {"generator.cvae.safetensors", "batch.csv", "dataset.json"} | pictures
    assert (_folder(tracked) / "artifacts").is_dir()


def test_replaying_adds_nothing(tracked: Campaign) -> None:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked)))
    runs = _runs(_folder(tracked))
    written = {
        "campaign": ("found/hypervolume", "alloyloop.metrics_done"),
        "1": ("loss/cvae.train", "alloyloop.losses"),
    }
    for key, (name, tag) in written.items():
        run = runs[key].info.run_id
        before = client.get_metric_history(run, name)
        client.delete_tag(run, tag)
        Tracker(tracked.store, tracked.config).sync()
        assert len(client.get_metric_history(run, name)) == len(before)
    assert len(_runs(_folder(tracked))) == 3


def test_a_lost_store_is_rebuilt_from_the_campaign(tracked: Campaign, tmp_path: Path) -> None:
    _tracker(tracked, tmp_path / "new").sync()
    old, new = _runs(_folder(tracked)), _runs(tmp_path / "new")
    assert set(new) == set(old)
    for key in old:
        assert new[key].data.metrics == old[key].data.metrics
        assert new[key].info.status == old[key].info.status
        assert new[key].inputs.dataset_inputs == old[key].inputs.dataset_inputs


LOG = """
import sys, mlflow
client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
client.log_artifact(sys.argv[2], sys.argv[3])
print(sorted(item.path for item in client.list_artifacts(sys.argv[2])))
"""


def test_a_store_that_was_copied_writes_to_its_own_folder(tracked: Campaign, tmp_path: Path) -> None:
    old, new, note = _folder(tracked), tmp_path / "it's 50 % off" / "mlruns", tmp_path / "note.txt"
    shutil.copytree(old, new)
    files = sorted(old.rglob("*"))
    note.write_text("written after the move")
    _tracker(tracked, new).sync()
    run = _runs(new)["1"].info.run_id
    # In a process of its own: MLflow remembers within one where the artifacts of a run lie.
    command = [sys.executable, "-W", "ignore", "-c", LOG, tracking_uri(new), run, str(note)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "note.txt" in said
    assert "batch.csv" in said
    assert [path.is_relative_to(new / "artifacts") for path in new.rglob("note.txt")] == [True]
    assert sorted(old.rglob("*")) == files


@pytest.mark.parametrize("when", ["before it is there", "when another was first"])
def test_a_store_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    def killed(*_: object) -> None:
        assert not (tmp_path / "mlflow.db").exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loop.review.desk.address.os.link", killed)
        with pytest.raises(KeyboardInterrupt):
            MlflowStore(tmp_path, "first")
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]

    if when == "when another was first":
        link = os.link

        def second(made: Path, target: Path) -> None:
            link(made, target)
            link(made, target)

        monkeypatch.setattr("loop.review.desk.address.os.link", second)
    store = MlflowStore(tmp_path, "first")
    assert store.experiment == MlflowStore(tmp_path, "first").experiment
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "mlflow.db"]


def test_a_store_that_does_not_fit_on_its_disk_is_told(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WorkError, match=r"MLflow's store in .* cannot be written: .*; make room on its disk"):
            MlflowStore(tmp_path, EXPERIMENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*.db*"))
    MlflowStore(tmp_path, EXPERIMENT)


def test_the_run_of_a_campaign_says_where_it_stands(tracked: Campaign) -> None:
    parent, view = _runs(_folder(tracked))["campaign"], tracked.view()
    text = parent.data.tags["mlflow.note.content"]
    short = text.splitlines()[0].split("<br>")
    assert [line.partition(":")[0] for line in short] == ["**Best", "**Trust", "**Next", "**Failed", "**Go on"]
    feasible = [row for row in view.rows if row.feasible]
    best = max((row.values["specific_yield_strength_1300c"] for row in feasible), default=None)
    assert (f"{best:.4g} MPa·cm³/g" if best is not None else "none meets every constraint yet") in short[0]
    assert f"of {len(view.rows)} not feasible" in short[3]
    assert "`alloyloop run FILE --iterations 2`" in short[4]
    assert f"{len(view.rows)} designs were validated, {len(feasible)} of them" in text
    for row in front_first(view, 10)[0]:
        assert f"{row.values['solidus']:.4g}" in text
    scores = batch_calibration(view, view.rows)
    assert f"{scores['batch.coverage.solidus']:.0%} of {scores['batch.count.solidus']:.0f}" in text
    assert "No validation failed." in text
    assert "alloyloop explain small" in text
    tags = parent.data.tags
    assert (tags["state"], tags["space"], tags["validators"]) == ("finished", "Cr-Hf-Mo-Nb-Ta-Ti-V-W-Zr", "calphad")
    assert tags.get("best.ductility_index") == (
        f"{max(row.values['ductility_index'] for row in feasible):.6g}" if feasible else None
    )


def test_the_run_of_an_iteration_shows_its_batch(tracked: Campaign) -> None:
    text = _runs(_folder(tracked))["1"].data.tags["mlflow.note.content"]
    assert text.startswith("Iteration 1: 2 designs were chosen and 2 measured")
    for row in (row for row in tracked.view().rows if row.iteration == 1):
        assert f"{row.values['specific_yield_strength_1300c']:.4g} (" in text
    assert "Candidates: " in text


def test_a_goal_that_changed_since_does_not_keep_mlflow_behind(tracked: Campaign, tmp_path: Path) -> None:
    _copied(tracked, tmp_path / "store")
    tracking = tracked.config.tracking.model_copy(update={"folder": str(tmp_path / "store")})
    other = tracked.config.model_copy(update={"tracking": tracking, "constraints": ["solidus >= 2200"]})
    Tracker(tracked.store, other).sync()
    parent = _runs(tmp_path / "store")["campaign"]
    assert "2273" in parent.data.params["constraints"]
    assert "Solidus ≥ 2200 K" in parent.data.tags["mlflow.note.content"]


def test_tables_and_pictures_of_a_campaign_are_artifacts_that_take_the_place_of_earlier_ones(tracked: Campaign) -> None:
    import mlflow

    client, run = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked))), _runs(_folder(tracked))["campaign"]
    found = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert found == {"best.json", "iterations.json", "numbers.json", "figures.html", "figures"}
    listed = {entry["path"]: entry["type"] for entry in json.loads(run.data.tags["mlflow.loggedArtifacts"])}
    assert listed == dict.fromkeys(("best.json", "iterations.json", "numbers.json"), "table")
    folder = _folder(tracked) / "artifacts" / run.info.run_id / "artifacts"
    best = pd.read_json(folder / "best.json", orient="split")
    told = tracked.best(100)
    assert list(best["formula"]) == list(told["formula"])
    assert list(best["solidus"]) == pytest.approx(list(told["solidus"]), rel=1e-9)
    assert len(pd.read_json(folder / "iterations.json", orient="split")) == 2
    page = (folder / "figures.html").read_text(encoding="utf-8")
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page
    assert "<link" not in page
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    assert {"front", "map", "parity", "history", "timeline"} <= names
    assert all(f'<section id="{name}">' in page for name in names - {"phases"})


PREDICT = """
import sys, mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
surrogate = mlflow.pyfunc.load_model("models:/small.surrogate@newest")
surrogate.predict(pandas.DataFrame({"formula": sys.argv[3:]})).to_csv(sys.argv[2] + "/predicted.csv")
generator = mlflow.pyfunc.load_model("models:/small.generator@newest")
generator.predict(pandas.DataFrame({"density": [8.0]}), params={"n": 3, "seed": 7}).to_csv(sys.argv[2] + "/drawn.csv")
"""


def test_registered_models_answer_in_a_plain_process_as_the_campaign_does(tracked: Campaign, tmp_path: Path) -> None:
    alloys = ["Nb45Ta25Ti15Hf15", "Mo20Nb20Ta20Ti20V20", str(tracked.view().rows[0].design)]
    command = [sys.executable, "-W", "ignore", "-c", PREDICT, tracking_uri(_folder(tracked)), str(tmp_path), *alloys]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    told = tracked.predict(alloys)
    assert (tmp_path / "predicted.csv").read_text() == told.to_csv()  # which writes every digit
    assert list(told["status"]) == ["unknown", "unknown", "measured"]

    weights = next(tracked.folder.glob("models/*.safetensors"))
    drawn = answer(from_file(weights), parse_targets(["density=8"]), 3, 7)
    read = pd.read_csv(tmp_path / "drawn.csv")
    assert list(read["formula"]) == [document["formula"] for document in drawn.documents()]
    assert list(read["reached_density"]) == [document["reached"]["density"] for document in drawn.documents()]
    kept = {path.suffix for path in (_folder(tracked) / "artifacts" / "models").rglob("*") if path.is_file()}
    assert not kept & {".pkl", ".pickle", ".cloudpickle", ".pt", ".joblib"}


def test_a_model_is_registered_once_and_the_run_names_it_with_its_data(tracked: Campaign) -> None:
    Tracker(tracked.store, tracked.config).sync()
    store = MlflowStore(_folder(tracked), EXPERIMENT)
    parent = _runs(_folder(tracked))["campaign"]
    for kind in ("surrogate", "generator"):
        (version,) = store.client.search_model_versions(f"name = 'small.{kind}'")
        assert version.run_id == parent.info.run_id
    assert len(parent.outputs.model_outputs) == 2
    (given,) = parent.inputs.dataset_inputs
    assert tracked.store.dataset_digest().startswith(given.dataset.digest)


def _copied(tracked: Campaign, folder: Path) -> tuple[Tracker, MlflowStore]:
    """A store of its own that has all of the campaign, and a tracker that has it open."""
    shutil.copytree(_folder(tracked), folder)
    tracker = _tracker(tracked, folder)
    tracker.sync()
    return tracker, MlflowStore(folder, EXPERIMENT)


@pytest.mark.parametrize("deleted", ["campaign", "1"])
def test_a_run_that_somebody_deleted_is_made_anew(tracked: Campaign, tmp_path: Path, deleted: str) -> None:
    tracker, store = _copied(tracked, tmp_path / "store")
    before = _runs(tmp_path / "store")
    store.client.delete_run(before[deleted].info.run_id)
    if deleted == "1":  # a child is missed by the next process, and by `mlflow sync`
        tracker = _tracker(tracked, tmp_path / "store")
    tracker.sync()
    after = _runs(tmp_path / "store")
    assert set(after) == set(before)
    assert after[deleted].info.run_id != before[deleted].info.run_id
    assert after[deleted].data.metrics == before[deleted].data.metrics
    parents = {after[key].data.tags["mlflow.parentRunId"] for key in ("0", "1")}
    assert parents == {after["campaign"].info.run_id}


def test_an_experiment_that_somebody_deleted_stays_deleted_and_the_campaign_has_another(
    tracked: Campaign, tmp_path: Path
) -> None:
    tracker, store = _copied(tracked, tmp_path / "store")
    store.client.delete_experiment(store.experiment)
    tracker.sync()
    assert store.client.get_experiment(store.experiment).lifecycle_stage == "deleted"
    assert f"experiment {EXPERIMENT + '-2'!r}" in tracker.where
    runs = store.client.search_runs([store.client.get_experiment_by_name(f"{EXPERIMENT}-2").experiment_id])
    assert {run.data.tags["alloyloop.iteration"] for run in runs} == {"campaign", "0", "1"}


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://user:secret@127.0.0.1:9/mlflow", "nonsense://x"])
def test_a_server_that_is_down_does_not_end_a_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with Campaign.open(small_config(tmp_path)) as campaign:
        tracker, begun = Tracker(campaign.store, campaign.config), time.monotonic()
        tracker.progress(0, 0, 6)
        tracker.show()
        tracker.ended = True
        tracker.finish()
        assert time.monotonic() - begun < 30
        with pytest.raises(InputError, match=r"correct or unset MLFLOW_TRACKING_URI"):
            tracker.sync()
    assert "the campaign goes on (`alloyloop mlflow sync small` writes it at any time)" in caplog.text
    assert address.rpartition("@")[2] in caplog.text
    assert "secret" not in caplog.text
    assert not tracker.where
    assert not (tmp_path / "mlruns").exists()


def test_a_file_outside_the_campaign_is_not_uploaded(tracked: Campaign, tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("secret", encoding="utf-8")
    row = {"iteration": 0, "name": "notes.txt", "sha256": "0" * 64, "path": "../secret.txt", "at": 1.0}
    shutil.copytree(tracked.folder, tmp_path / "small")
    insert_past_the_store(tmp_path / "small" / "campaign.db", "artifacts", row)
    tracking = tracked.config.tracking.model_copy(update={"folder": str(tmp_path / "new")})
    moved = tracked.config.model_copy(update={"directory": str(tmp_path), "tracking": tracking})
    with CampaignStore.open(tmp_path / "small" / "campaign.db") as store, pytest.raises(InputError, match="leads out"):
        Tracker(store, moved).sync()
    assert not list(tmp_path.rglob("notes.txt"))
