"""The commands `data import` and `evaluate generators` as a person or a program calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.evaluation.entrants import entrants
from generators.evaluation.measuring import METRICS, EntrantOutcome, EvaluationGround
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.table import known_table, labelled
from loop.cli import main as cli
from loop.cli.evaluate.generators import print_tables
from loop.review.desk.address import tracking_uri
from loop.review.evaluation import read_settings
from tests.loop.loop_helpers import ROOT
from tests.support.mpea import write_made_table


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(list(arguments))
    captured = capsys.readouterr()
    code = stop.value.code
    return (code if isinstance(code, int) else 0), captured.out, captured.err


def test_import_then_evaluate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source, table = write_made_table(tmp_path / "made.csv"), tmp_path / "mpea.csv"
    code, out, err = call(capsys, "data", "import", str(source), "--format", "mpea", "--out", str(table))
    assert (code, out) == (0, "")
    assert "63 records, 60 compositions" in err
    assert "dropped 1: repeat of a composition" in err
    code, out, err = call(
        capsys, "evaluate", "generators", "--data", str(table), "--families", "nearest,nearest_projected", "--quick",
        "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 0
    assert set(document) == {"data", "rows", "oracle", "families", "spread", "settings"}
    assert (document["rows"], list(document["families"])) == (60, ["nearest", "nearest_projected"])
    projected = document["families"]["nearest_projected"]
    assert set(projected) == {"league", *METRICS}
    assert projected["league"] == "B"
    assert projected["mape_percent"] < 2.0 < document["families"]["nearest"]["mape_percent"]
    assert document["families"]["nearest"]["coverage"] >= 0.9


def test_import_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source, table = str(write_made_table(tmp_path / "made.csv")), tmp_path / "mpea.csv"
    code, out, _ = call(capsys, "data", "import", source, "--format", "mpea", "--out", str(table), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["records"] == document["rows"] + sum(document["dropped"].values())
    assert table.is_file()


def test_tables_and_figures_of_the_known_alloys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = call(
        capsys, "evaluate", "generators", "--families", "nearest", "--condition", "density", "--quick", "--seeds", "2",
        "--jobs", "2", "--figures", str(tmp_path / "figures"),
    )  # fmt: skip
    assert code == 0
    for text in ("league A", "mape_percent", "density: reference", "medians over 2 seed(s)", "far from data"):
        assert text in out
    assert "nearest: measured with seed 1 (2 of 2)" in err
    assert len(list((tmp_path / "figures").glob("nearest_*.png"))) == 3  # one property: no panel over two


def test_settings_of_entrants(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(
        "nearest+own: {draws: 2, least: 80, critics: 0}\nnearest+target@bare: {draws: 2, least: 40, critics: 0}\n"
    )
    code, out, _ = call(
        capsys, "evaluate", "generators", "--families", "nearest+own,nearest+target@bare", "--settings", str(path),
        "--condition", "density", "--quick", "--json",
    )  # fmt: skip
    assert code == 0
    document = json.loads(out)
    assert list(document["families"]) == ["nearest+own", "nearest+target@bare"]
    first, second = (document["settings"][name]["target"] for name in document["families"])
    assert (first["draws"], first["least"], second["least"], second["critics"]) == (2, 80, 40, 0)
    assert [metrics["league"] for metrics in document["families"].values()] == ["A", "B"]
    costs = [metrics["draws_per_sample"] for metrics in document["families"].values()]
    assert costs[0] > costs[1] >= 2


@pytest.mark.filterwarnings("ignore")  # MLflow and what it imports warn on their own behalf
def test_an_evaluation_in_mlflow(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings, store = tmp_path / "settings.yaml", tmp_path / "mlruns"
    settings.write_text("nearest+target@few: {draws: 1, least: 30, critics: 0}\n")
    code, out, err = call(
        capsys, "evaluate", "generators", "--families", "nearest,nearest+target@few", "--settings", str(settings),
        "--condition", "density", "--quick", "--json", "--mlflow", "--mlflow-folder", str(store),
    )  # fmt: skip
    assert code == 0, err
    document = json.loads(out)
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking_uri(store))
    experiment = client.get_experiment_by_name("alloyloop-generators")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"the project's known alloys", "nearest", "nearest+target@few"}
    parent, few = runs["the project's known alloys"], runs["nearest+target@few"]
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert (parent.data.params["seeds"], parent.data.params["plan.samples"]) == ("1", "500")
    assert parent.data.params["oracle.density"] == '"reference"'
    assert few.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (few.data.params["target.draws"], few.data.params["target.least"]) == ("1", "30")
    assert few.data.tags["league"] == "B"
    for name, value in document["families"]["nearest+target@few"].items():
        if name != "league":
            assert few.data.metrics[name] == few.data.metrics[f"{name}.least"] == value
    kept = client.download_artifacts(parent.info.run_id, "evaluation.json", str(tmp_path))
    assert json.loads(Path(kept).read_text(encoding="utf-8")) == document
    figures = {item.path for item in client.list_artifacts(few.info.run_id, "figures")}
    assert figures == {f"figures/nearest+target@few_{kind}.png" for kind in ("parity", "bars", "correlation")}


def test_a_store_that_cannot_be_used_is_named_before_any_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mlruns").write_text("a file")
    code, out, err = call(
        capsys, "evaluate", "generators", "--families", "nearest", "--mlflow", "--mlflow-folder",
        str(tmp_path / "mlruns"),
    )  # fmt: skip
    assert (code, out) == (2, "")
    assert "MLflow's store cannot lie in" in err
    assert "--mlflow-folder" in err
    assert "measured" not in err


def test_the_tracked_settings_are_right() -> None:
    settings = read_settings(ROOT / "configs" / "generators_mpea.yaml")
    found = {entrant.name: entrant.settings for entrant in entrants([], settings)}
    assert found["flow+target@no-critics"]["target"]["critics"] == 0 < found["flow+target"]["target"]["critics"]


def test_many_entrants_keep_their_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    labels = [f"nearest+target@label-{i}" for i in range(6)]
    path = tmp_path / "settings.yaml"
    path.write_text("".join(f"{label}: {{draws: 1, least: 30, rounds: 0}}\n" for label in labels))
    ground = EvaluationGround.of(labelled(known_table(), ["density"], "known"), EvaluationPlan(diagonal=2, domain=2))
    outcomes = [
        EntrantOutcome(entrant.name, entrant.league, dict.fromkeys(METRICS, 0.5), {"diagonal, near": 0.5}, {})
        for entrant in entrants(labels, read_settings(path))
    ]
    print_tables(outcomes, ground, seeds=1)
    out = capsys.readouterr().out
    assert all(out.count(label) == 2 for label in labels)
    assert out.count("heldout_best_of_10") == 2


def test_wrong_settings_are_named_with_their_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("magic: {}\nflow:\n  jitter: 2\n  epochs: 0\nflow+target: {copies: 2}\nflow: {}\n")
    code, out, err = call(capsys, "evaluate", "generators", "--settings", str(path), "--data", "absent.csv")
    assert (code, out) == (2, "")
    flat = " ".join(err.split())
    for line, what in (
        (1, "magic: unknown generator family 'magic'"),
        (4, "flow: the generator setting epochs must lie in [1, 1e+06], got 0"),
        (5, "flow+target: the target setting copies must lie in [0, 1], got 2"),
        (6, "the key 'flow' is given twice"),
    ):
        assert f"line {line}: {what}" in flat
    assert "jitter" not in flat


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--families", "magic"], "unknown generator family 'magic'"),
        (["--condition", "beauty"], "the property 'beauty' is unknown"),
        (["--data", "absent.csv"], "cannot read absent.csv"),
        (["--seeds", "0"], "Invalid value for '--seeds'"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
        (["--settings", "absent.yaml"], "cannot read absent.yaml"),
        (["--families", "flow@small"], "no settings of that name"),
    ],
)
def test_bad_input_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = call(capsys, "evaluate", "generators", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_wrong_file_or_format_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("formula\nNbTa\n")
    code, _, err = call(capsys, "data", "import", str(path), "--format", "mpea")
    assert code == 2
    assert "is not the published MPEA table" in err
    assert call(capsys, "data", "import", str(path), "--format", "other")[0] == 2


def test_ctrl_c_says_that_an_evaluation_starts_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("loop.review.evaluation.read_settings", interrupted)
    settings = tmp_path / "settings.yaml"
    settings.write_text("{}\n")
    code, _, err = call(capsys, "evaluate", "generators", "--data", "x.csv", "--settings", str(settings))
    assert code == 130
    assert "the same command starts over" in err
