"""Augmentation on trial: folds, the paired test, what counts as a winner, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from alloys.errors import InputError
from generators.likeness import COPY, Neighbourhood, nearest_cosine
from loop.trials.augmentation.ctgan import draw_rows, is_installed
from loop.trials.augmentation.paired import corrected_p, holm
from loop.trials.augmentation.trial import OuterFold, TrialPlan, trial_document
from loop.trials.augmentation.ways import WAYS, Learned
from loop.trials.table import read_trial_table
from tests.loop.loop_helpers import ROOT, call

CTGAN = ROOT / "build" / "ctgan"


def test_the_corrected_test_is_the_plain_one_but_for_what_folds_share() -> None:
    differences = np.random.default_rng(0).normal(0.4, 1.0, 10)
    assert corrected_p(differences, 0.0) == pytest.approx(ttest_1samp(differences, 0.0).pvalue)
    assert corrected_p(differences, 0.25) > corrected_p(differences, 0.0)
    assert corrected_p(np.zeros(5), 0.25) == 1.0
    assert corrected_p(np.ones(5), 0.25) == 0.0


def test_a_difference_that_is_not_there_is_found_in_one_trial_of_twenty_at_most() -> None:
    """Means over random halves of noise: the rows are shared, as in repeated folds."""
    rng, found = np.random.default_rng(1), 0
    for _ in range(300):
        rows = rng.normal(size=100)
        differences = np.array([rows[rng.permutation(100)[:50]].mean() for _ in range(10)])
        found += corrected_p(differences, 1.0) < 0.05
    assert found / 300 < 0.08


def test_several_ways_need_a_smaller_p_each() -> None:
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03}) == {"a": 0.06, "b": 0.03, "c": 0.06}
    assert holm({"a": 0.9}) == {"a": 0.9}


def document(changes: dict[str, float], noise: float) -> dict[str, object]:
    """What ten outer folds come to where each way changes the error by so much, give or take the noise."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(10):
        errors = {"none": 100.0} | {way: 100.0 + change + noise * rng.normal() for way, change in changes.items()}
        found.append(OuterFold(errors, dict.fromkeys(changes, 0.5), 0.25))
    return trial_document(found, TrialPlan(ways=tuple(changes)))


def test_a_way_wins_only_where_it_is_better_beyond_doubt() -> None:
    assert document({"noise": -8.0, "samples": -3.0}, noise=1.0)["winner"] == "noise"
    assert document({"noise": -1.0, "samples": 20.0}, noise=10.0)["winner"] is None
    assert document({"noise": 15.0, "samples": 15.0}, noise=1.0)["winner"] is None


def test_every_way_sees_the_rows_that_are_learned_from_alone(alloys_csv: Path) -> None:
    table, _ = read_trial_table(alloys_csv, ["hardness"]).judged("hardness")
    rows = np.arange(40)
    made = {}
    for way in ("noise", "samples", "filtered"):
        learned = Learned(table, rows, seed=3, most=30, family="cae", epochs=2, ctgan=CTGAN)
        fractions, values = made[way] = WAYS[way](learned)
        assert len(fractions) == len(values) <= 30
        np.testing.assert_allclose(fractions.sum(axis=1), 1.0)
        again = table.values.copy()
        again[40:] = 1e6  # what is held out has no say
        other = Learned(type(table)(table.physics, table.name, table.space, again), rows, 3, 30, "cae", 2, CTGAN)
        np.testing.assert_array_equal(WAYS[way](other)[1], values)
    assert len(made["noise"][0]) == len(made["samples"][0]) == 30
    near = Neighbourhood.of(table.inputs[rows])
    assert near.covers(made["filtered"][0]).all()
    assert (nearest_cosine(made["filtered"][0], table.inputs[rows]) < COPY).all()


def test_ctgan_is_named_with_what_to_do_where_it_is_missing_or_broken(tmp_path: Path) -> None:
    assert not is_installed(tmp_path)
    plan = TrialPlan(ctgan=tmp_path)
    assert plan.possible == ["noise", "samples", "filtered"]
    assert plan.not_tried == {"ctgan": "not installed; make setup-ctgan"}
    (tmp_path / "ctgan").mkdir()
    (tmp_path / "ctgan" / "__init__.py").write_text("raise RuntimeError('half installed')\n", encoding="utf-8")
    with pytest.raises(InputError, match="RuntimeError: half installed; say make setup-ctgan anew"):
        draw_rows(tmp_path, np.eye(3), np.arange(3.0), 3, 0)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(CTGAN), reason="make setup-ctgan has not been said")
def test_ctgan_draws_compositions_with_values(alloys_csv: Path) -> None:
    table, _ = read_trial_table(alloys_csv, ["hardness"]).judged("hardness")
    fractions, values = draw_rows(CTGAN, table.inputs, table.values, 50, 0)
    np.testing.assert_allclose(fractions.sum(axis=1), 1.0)
    assert 0 < len(fractions) == len(values) <= 50


def test_a_trial_of_noise_as_a_person_and_a_program_call_it(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path, tmp_path: Path
) -> None:
    arguments = ["evaluate", "augmentation", str(alloys_csv), "--target", "hardness", "--folds", "3", "--repeats", "1"]
    code, out, err = call(capsys, *arguments, "--ways", "noise,ctgan", "--ctgan", str(tmp_path), "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found["ways"]) == ["none", "noise"]
    assert found["not_tried"] == {"ctgan": "not installed; make setup-ctgan"}
    assert len(found["ways"]["noise"]["rmses"]) == 3
    assert set(found["ways"]["noise"]["amounts"]) <= {0.25, 0.5, 1.0}
    assert found["winner"] in (None, "noise")
    assert err.count("RMSE: none") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "colour"), "nothing is known of 'colour'"),
        (("--target", "density"), "a closed form has no error to make smaller"),
        (("--target", "hardness", "--ways", "magic"), "unknown way 'magic'; available are noise, ctgan"),
        (("--target", "hardness", "--family", "oracle"), "unknown generator family 'oracle'"),
        (("--target", "hardness", "--folds", "30"), "leaves no fold with at least 5 rows held out"),
        (("--target", "hardness", "--amount", "0"), "amounts lie between 0 and 10 rows for each real one, got [0.0]"),
        (("--target", "hardness", "--inner", "1"), "at least 2 folds are needed, got 1"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, "evaluate", "augmentation", str(alloys_csv), *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "RMSE" not in err
