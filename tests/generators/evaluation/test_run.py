"""The protocol from end to end, on the project's own table and with few samples."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.space import Floats
from generators.asking.refinement import project
from generators.asking.resampling import TargetSettings
from generators.evaluation import protocol
from generators.evaluation.baselines import ImportanceResampling, NearestNeighbours, ProjectedNeighbours
from generators.evaluation.entrants import BASELINES, Entrant, entrants, family_entrant, target_entrant
from generators.evaluation.figures import figures, save_figures
from generators.evaluation.measuring import METRICS, EntrantOutcome, EvaluationGround, draw
from generators.evaluation.oracle import Oracle
from generators.evaluation.paths import STEPS, LatentPath
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.run import document, evaluate
from generators.evaluation.table import LabelledAlloys, known_table, labelled
from generators.interface import Sampler, Samples
from generators.registry import family_names

PLAN = EvaluationPlan(samples=60, domain_samples=10, real=10, real_samples=3, data_samples=100, draws=3)


@pytest.fixture(scope="module")
def ground() -> EvaluationGround:
    return EvaluationGround.of(labelled(known_table(), source="known"), PLAN)


@pytest.fixture(scope="module")
def outcomes(ground: EvaluationGround) -> list[EntrantOutcome]:
    return evaluate(entrants(list(BASELINES)), ground, seeds=1)


def test_conditions_lie_in_the_data(ground: EvaluationGround) -> None:
    low, high = ground.data.values.min(axis=0), ground.data.values.max(axis=0)
    for conditions, number in ((ground.diagonal, 20), (ground.domain, 25)):
        assert conditions.values.shape == (number, 2)
        assert ((conditions.values >= low) & (conditions.values <= high)).all()
    steps = np.diff(ground.diagonal.values, axis=0)
    assert (steps > 0).all()  # both properties rise together
    assert ground.domain.far.sum() > ground.diagonal.far.sum()
    assert len(np.unique(ground.domain.values, axis=0)) == 25


@pytest.mark.parametrize("names", [["density"], ["density", "vec", "price"]])
def test_conditions_of_one_and_of_three_properties(names: list[str]) -> None:
    data = labelled(known_table(), names, "known")
    assert protocol.diagonal(data, 7).values.shape == (7, len(names))
    assert len(np.unique(protocol.domain(data, 25).values, axis=0)) == 25


def test_far_conditions_have_no_company() -> None:
    data = labelled(known_table(), source="known")
    row = data.values[:1]
    asked = protocol.conditions_of(data, np.concatenate([row, row * 3]))
    assert asked.far[1]
    assert asked.distance[0] == 0.0
    best = np.abs(data.values / (3 * row) - 1).max(axis=1).min()
    assert asked.distance[1] == pytest.approx(best)


def test_the_split_holds_out_a_fifth() -> None:
    data = labelled(known_table(), source="known")
    learn, test = protocol.split(data, 0.2, seed=1)
    assert len(test) == round(0.2 * len(data.points))
    assert sorted([*learn, *test]) == list(range(len(data.points)))


def test_projection_meets_the_target_with_the_same_elements(ground: EvaluationGround) -> None:
    data = ground.data
    start = data.fractions[np.random.default_rng(0).permutation(len(data.points))]
    rows = (start > 0).sum(axis=1) >= 4
    targets = ground.oracle(start[rows]) * np.array([1.01, 0.995])
    found = project(start[rows], targets, ground.oracle)
    assert ((found > 0) == (start[rows] > 0)).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))
    assert np.median(np.abs(ground.oracle(found) / targets - 1)) < 1e-6


@pytest.mark.parametrize("kind", [NearestNeighbours, ProjectedNeighbours, ImportanceResampling])
def test_baselines_sample_like_generators(kind: type, ground: EvaluationGround) -> None:
    data = ground.data
    sampler: Sampler = NearestNeighbours(data) if kind is NearestNeighbours else kind.train(data, ground.oracle, 0)
    asked = data.values[[0, 5, 5, 9]]
    samples = sampler.sample(asked, seed=3)
    assert samples.rows.tolist() == [0, 1, 2, 3]
    assert data.space.contains(samples.points).all()
    assert (samples.points == sampler.sample(asked, seed=3).points).all()
    assert (samples.points != sampler.sample(asked, seed=4).points).any()


def test_leagues_and_what_they_buy(outcomes: list[EntrantOutcome]) -> None:
    by_name = {outcome.name: outcome for outcome in outcomes}
    assert {name: o.league for name, o in by_name.items()} == {
        "nearest": "A",
        "nearest_projected": "B",
        "importance": "B",
    }
    assert by_name["nearest_projected"].metrics["mape_percent"] < by_name["nearest"].metrics["mape_percent"]
    assert by_name["nearest"].metrics["copies"] > 0.5
    for outcome in outcomes:
        assert outcome.metrics["valid"] == outcome.metrics["first_draw_valid"] == 1.0
        assert set(outcome.apart) == {"diagonal, near", "diagonal, far", "domain, near", "domain, far"}
    assert by_name["nearest"].metrics["copies_data"] > 0.5


def test_document_names_league_oracle_and_every_metric(
    outcomes: list[EntrantOutcome], ground: EvaluationGround
) -> None:
    written = json.loads(json.dumps(document(outcomes, ground), allow_nan=False))
    assert set(written) == {"data", "rows", "oracle", "families", "spread", "settings"}
    assert written["oracle"] == {"shear_modulus": "reference", "fracture_toughness": "reference"}
    assert written["rows"] == len(ground.data.points)
    assert list(written["spread"]) == list(written["settings"]) == list(written["families"]) == list(BASELINES)
    shares = "pairwise_cosine valid unique copies copies_data coverage precision auc_data count_tv".split()
    for entrant, metrics in written["families"].items():
        assert set(metrics) == {"league", *METRICS}
        assert written["settings"][entrant] == {}
        assert written["spread"][entrant] == {name: [metrics[name]] * 2 for name in METRICS}  # one seed
        for name in shares:
            assert 0 <= metrics[name] <= 1


def test_figures(outcomes: list[EntrantOutcome], ground: EvaluationGround, tmp_path: Path) -> None:
    written = save_figures(outcomes[:1], ground, tmp_path / "figures")
    assert [path.name for path in written] == [
        f"nearest_{kind}.png" for kind in ("parity", "domain", "bars", "correlation")
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_a_path_has_a_figure_with_blanks_outside_the_space(
    outcomes: list[EntrantOutcome], ground: EvaluationGround
) -> None:
    steps = ground.data.points[[0, 0, 1, 1]].copy()
    steps[1] = 0
    paths = tuple(LatentPath(condition, steps) for condition in ground.diagonal.values[:2])
    found = figures(replace(outcomes[0], paths=paths), ground)
    assert list(found) == ["parity", "domain", "path", "bars", "correlation"]
    assert found["path"].startswith(b"\x89PNG")


@pytest.mark.parametrize("family", sorted(family_names()))
def test_every_family_can_enter(family: str, ground: EvaluationGround) -> None:
    """A new family needs nothing but its row in `family_names()`."""
    assert family in [entrant.name for entrant in entrants()]
    entrant = family_entrant(family, {"epochs": 1, "copies": 0}, device="cpu")
    outcome = evaluate([entrant], ground)[0]
    assert set(outcome.metrics) == set(METRICS)
    metrics = outcome.metrics
    assert metrics["valid"] > metrics["first_draw_valid"] or metrics["valid"] == 1.0
    assert metrics["draws_per_sample"] * metrics["valid"] >= 1.0
    for path in outcome.paths:
        assert path.points.shape == (STEPS, ground.data.space.dimension)
    assert outcome.metrics["train_seconds"] > 0
    assert outcome.metrics["samples_per_second"] > 0


def test_sampling_for_a_target_is_nearer_to_it(ground: EvaluationGround) -> None:
    """The oracle helps most; a model of the labelled rows helps as well, and asks the oracle nothing."""

    class Closed(Oracle):
        def __call__(self, fractions: Floats) -> Floats:
            raise AssertionError("the oracle was asked")

    chosen = entrants(["nearest", "nearest+own", "nearest+target"])
    assert [entrant.league for entrant in chosen] == ["A", "A", "B"]
    asked = np.repeat(ground.diagonal.values[8:12], 30, axis=0)
    errors = []
    for entrant in chosen:
        oracle = ground.oracle if entrant.league == "B" else Closed(ground.oracle.elements, ground.oracle.names, {})
        drawn = draw(entrant.train(ground.data, oracle, 0), asked[::30], 30, 0, ground)
        assert drawn.valid == 1.0
        errors.append(np.mean(np.abs(ground.oracle(ground.data.space.fractions(drawn.together)) / asked - 1)))
    assert errors[1] < 0.5 * errors[0]
    assert errors[2] < 0.05 * errors[0]


def test_cost_in_draws_is_told(outcomes: list[EntrantOutcome], ground: EvaluationGround) -> None:
    cost = {outcome.name: outcome.metrics["draws_per_sample"] for outcome in outcomes}
    assert cost["nearest"] == cost["nearest_projected"] == 1.0
    assert cost["importance"] >= ImportanceResampling.pool
    sampler = entrants(["nearest+target"])[0].train(ground.data, ground.oracle, 0)
    for each, draws in ((2, 64), (60, 8 * 60)):
        drawn = draw(sampler, ground.diagonal.values[:2], each, 0, ground)
        assert (drawn.valid, drawn.draws) == (1.0, 2 * draws)


def test_entrants_that_are_trained_alike_share_the_training(ground: EvaluationGround) -> None:
    trained = []

    def train(data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        trained.append((len(data.points), seed))
        return NearestNeighbours(data)

    plain = Entrant("plain", "A", train)
    settings = TargetSettings(draws=1, least=40, critics=0)
    entered = [plain, target_entrant(plain, settings), *entrants(["nearest"]), replace(plain, name="again")]
    quick = replace(ground, plan=replace(PLAN, samples=20, domain_samples=2))
    found = evaluate(entered, quick, seeds=2)
    rows = len(ground.data.points)
    fewer = rows - round(0.2 * rows)
    assert trained == [(rows, 0), (fewer, 0), (rows, 1), (fewer, 1)]
    assert [outcome.name for outcome in found] == ["plain", "plain+target", "nearest", "again"]
    assert len({outcome.metrics["train_seconds"] for outcome in found if outcome.name != "nearest"}) == 1
    alone = evaluate([entered[1]], quick, seeds=2)[0]
    assert alone.metrics["mape_percent"] == found[1].metrics["mape_percent"] < found[0].metrics["mape_percent"]


class Half:
    """Answers every other condition, each twice, and half of that with what lies outside the space."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        rows = np.repeat(np.arange(0, len(conditions), 2), 2)
        points = np.zeros((len(rows), 9), dtype=np.int64)
        points[:, 1:5] = 250
        points[(rows // 2) % 2 == 0] = 7
        return Samples(points, rows, 0.9, draws=3 * len(conditions))


def test_the_evaluation_counts_what_is_valid_itself(ground: EvaluationGround) -> None:
    drawn = draw(Half(), ground.diagonal.values[:4], 10, 0, ground)
    assert (drawn.valid, drawn.first_draw_valid, drawn.draws) == (0.25, 0.9, 120)


@pytest.mark.slow
def test_processes_measure_the_same(ground: EvaluationGround) -> None:
    """Two seeds in two processes: everything but wall times is equal, and seeds have a spread."""
    entered = [family_entrant("cvae", {"epochs": 2, "copies": 0}, device="cpu")]
    told: list[tuple[str, int]] = []
    quick = replace(ground, plan=replace(PLAN, samples=20, domain_samples=2))
    alone = evaluate(entered, quick, seeds=2)
    side = evaluate(entered, quick, seeds=2, on_step=lambda name, seed: told.append((name, seed)), jobs=2)
    assert sorted(told) == [("cvae", 0), ("cvae", 1)]
    for one, other in zip(alone, side, strict=True):
        timed = ("train_seconds", "samples_per_second")
        same = [name for name in METRICS if name not in timed]
        assert [one.metrics[name] for name in same] == [other.metrics[name] for name in same]
        assert [one.spread[name] for name in same] == [other.spread[name] for name in same]
        assert (one.name, one.settings) == (other.name, other.settings)
        assert (one.drawn["data"].together == other.drawn["data"].together).all()
        low, high = one.spread["pairwise_cosine"]
        assert low < one.metrics["pairwise_cosine"] < high


class Silent:
    """Answers nothing."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        return Samples(np.empty((0, 9), dtype=np.int64), np.empty(0, dtype=np.int64), 0.0)


def test_silence_is_not_accuracy(ground: EvaluationGround) -> None:
    def train(data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        return Silent()

    metrics = evaluate([Entrant("silent", "A", train)], ground)[0].metrics
    assert metrics["mape_percent"] == metrics["worst_mape_percent"] == 100.0
    assert metrics["hits_per_500"] == metrics["valid"] == metrics["heldout_best_of_10"] == 0.0
    assert np.isnan(metrics["draws_per_sample"])
    written = document(evaluate([Entrant("silent", "A", train)], ground), ground)
    assert written["families"]["silent"]["vendi"] is None


def test_what_leaves_the_space_is_not_valid(ground: EvaluationGround) -> None:
    class Outside:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            points = np.zeros((len(conditions), 9), dtype=np.int64)
            points[: len(points) // 2] = ground.data.points[0]
            return Samples(points, np.arange(len(points)), 1.0)

    drawn = draw(Outside(), ground.data.values[:4], 5, 0, ground)
    assert drawn.valid == 0.5
    assert [len(rows) for rows in drawn.points] == [5, 5, 0, 0]


def test_a_surrogate_answers_what_has_no_closed_form() -> None:
    rows = [(c, {"strength": 50 + 100 * float(dict(c.items).get("Nb", 0))}) for c, _ in known_table()]
    data = labelled(rows, ["strength", "density"], "t")
    oracle = Oracle.of(data)
    assert oracle.kinds == {"strength": "surrogate", "density": "reference"}
    assert oracle.surrogates["strength"].error_percent < 5
    probe = Composition.parse("NbTaTi").fractions()
    answer = oracle(np.array([[probe.get(symbol, 0.0) for symbol in data.space.elements]]))
    assert answer[0, 0] == pytest.approx(50 + 100 / 3, rel=0.05)


def test_unknown_entrants_and_no_seeds_are_refused(ground: EvaluationGround) -> None:
    with pytest.raises(InputError, match="unknown generator family 'magic'; available are "):
        entrants(["magic"])
    with pytest.raises(InputError, match="at least one seed"):
        evaluate([], ground, seeds=0)
    with pytest.raises(InputError, match="at least one process"):
        evaluate([], ground, jobs=0)
