"""The measures of the papers' tables, on samplers whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Floats
from generators.evaluation.measuring import EvaluationGround
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.reproduction.data import refractory_rich
from generators.evaluation.reproduction.entering import FamilyFractions, Participant, participants
from generators.evaluation.reproduction.published import PAPERS, PUBLISHED, ROOT_GPA_J_M2, AxisCheck, LabelShares
from generators.evaluation.reproduction.run import document, reproduce
from generators.evaluation.reproduction.tables import measure_model
from generators.interface import Samples
from tests.support.alloys.refractory import write_refractory_table

PLAN = EvaluationPlan(diagonal=4, domain=4, samples=6, domain_samples=3, real=10, real_samples=3, data_samples=200)

GRID = 0.1
"""Percent by which properties on the grid differ from those of the alloys as written."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> EvaluationGround:
    table = write_refractory_table(tmp_path_factory.mktemp("table") / "table.csv")
    return EvaluationGround.of(refractory_rich(table), PLAN)


@dataclass
class Recalling:
    """Gives the alloy whose properties were asked for, or the nearest; nothing beyond a limit of the first property."""

    ground: EvaluationGround
    limit: float = np.inf
    name: str = "recalling"

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        data = self.ground.data
        nearest = np.abs(data.values[None] / conditions[:, None] - 1).max(axis=2).argmin(axis=1)
        return np.where(conditions[:, :1] > self.limit, np.nan, data.fractions[nearest])


def test_who_recalls_the_table_is_exact_and_alike(ground: EvaluationGround) -> None:
    found = measure_model(Recalling(ground), ground, 0)
    assert found.numbers["parity_0_percent"] == pytest.approx(0, abs=GRID)
    assert found.numbers["parity_1_percent"] == pytest.approx(0, abs=GRID)
    assert found.numbers["real_cosine_percent"] == pytest.approx(100)
    assert found.numbers["cosine_percent"] == pytest.approx(100)
    assert found.numbers["answered_percent"] == 100
    nearest = ground.data.values[
        np.abs(ground.data.values[None] / ground.diagonal.values[:, None] - 1).max(2).argmin(1)
    ]
    np.testing.assert_allclose(found.mape, 100 * np.abs(nearest / ground.diagonal.values - 1).mean(axis=1), atol=GRID)
    assert found.numbers["mape_percent"] == pytest.approx(found.mape.mean())
    near = ~ground.diagonal.far
    assert found.numbers["near_mape_percent"] == pytest.approx(
        found.mape[near].mean() if near.any() else np.nan, nan_ok=True
    )
    assert (found.mape.shape, found.domain.shape, found.real_cosines.shape) == ((4,), (4,), (30,))


def test_a_condition_without_an_answer_errs_by_a_hundred_percent(ground: EvaluationGround) -> None:
    limit = float(np.median(ground.data.values[:, 0]))
    found = measure_model(Recalling(ground, limit), ground, 0)
    far = ground.diagonal.values[:, 0] > limit
    assert far.any()
    assert (found.mape[far] == 100).all()
    assert (found.mape[~far] < 100).all()
    beyond = float((ground.data.values[:, 0] > limit).mean())
    assert found.numbers["parity_0_percent"] == pytest.approx(100 * beyond, abs=GRID)
    assert found.numbers["answered_percent"] == pytest.approx(100 * (1 - beyond))


@dataclass
class Sparing:
    """Answers every second condition."""

    ground: EvaluationGround

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        rows = np.arange(0, len(conditions), 2)
        return Samples(self.ground.data.points[np.zeros(len(rows), dtype=np.int64)], rows, 1.0)


def test_a_family_is_asked_again_where_it_gave_nothing(ground: EvaluationGround) -> None:
    sampler = FamilyFractions("sparing", Sparing(ground), ground.data.space)
    drawn = sampler.draw(np.repeat(ground.data.values[:1], 16, axis=0), seed=0)
    answered = ~np.isnan(drawn).any(axis=1)
    assert answered.sum() == 8 + 4 + 2
    np.testing.assert_allclose(drawn[answered].sum(axis=1), 1.0)


def test_medians_stand_beside_the_papers_numbers(ground: EvaluationGround) -> None:
    steps: list[tuple[str, int]] = []
    limits = [np.inf, 0.0, np.inf]
    entered = [Participant("paper-cae", True, lambda data, oracle, seed: Recalling(ground, limits[seed], "paper-cae"))]
    outcomes = reproduce(entered, ground, 3, lambda name, seed: steps.append((name, seed)))
    assert steps == [("paper-cae", 0), ("paper-cae", 1), ("paper-cae", 2)]
    told = document("tung-2022", outcomes, ground)
    number = told["models"]["paper-cae"]["numbers"]["mape_percent"]
    assert (number["least"], number["median"], number["most"]) == (number["median"], number["median"], 100)
    assert number["paper"] == PUBLISHED["paper-cae"]["mape_percent"] == 10.51
    assert told["models"]["paper-cae"]["numbers"]["parity_0_percent"]["paper"] is None
    assert sum(told["models"]["paper-cae"]["histogram"]) == pytest.approx(1)
    assert told["alloys"] == {"here": 120, "paper": 529}
    with pytest.raises(InputError, match="at least one seed"):
        reproduce(entered, ground, 0)


def test_who_takes_part() -> None:
    names = {paper: [one.name for one in participants(paper)] for paper in PAPERS}
    assert names == {"tung-2022": ["paper-cae", "paper-cvae", "paper-wcgan"], "debnath-2021": ["paper-cgan"]}
    both = participants("debnath-2021", ["nearest", "paper-cae", "cvae"], quick=True)
    assert [(one.name, one.published) for one in both] == [
        ("paper-cgan", True), ("paper-cae", True), ("nearest", False), ("cvae", False)
    ]  # fmt: skip
    with pytest.raises(InputError, match="unknown paper 'nature-1905'; tung-2022 and debnath-2021 can be reproduced"):
        participants("nature-1905")
    with pytest.raises(InputError, match="unknown generator family 'magic'"):
        participants("tung-2022", ["magic"])


def test_the_range_of_a_table_in_the_papers_unit(ground: EvaluationGround) -> None:
    check = AxisCheck.of(ground.data, ground.diagonal)
    assert pytest.approx(1, rel=1e-4) == ROOT_GPA_J_M2 / 0.0316228
    np.testing.assert_allclose(check.rice * ROOT_GPA_J_M2, check.toughness)
    assert check.modulus[0] < check.modulus[1] < check.modulus[2]
    along = ground.diagonal.values
    inside = (along[:, 0].min() <= 70) and (along[:, 0].max() >= 70)
    assert np.isfinite(check.on_diagonal[1]) == inside
    assert any("labels look exchanged" in line for line in check.lines())


def test_labels_are_called_exchanged_only_where_the_alloys_say_so(ground: EvaluationGround) -> None:
    moduli = np.linspace(6, 20, len(ground.data.values))
    as_labelled = np.column_stack([moduli, ROOT_GPA_J_M2 * np.linspace(61, 97, len(moduli))])
    check = AxisCheck.of(replace(ground.data, values=as_labelled), ground.diagonal)
    assert check.shares == LabelShares(straight=(1.0, 1.0), crossed=(0.0, 0.0))
    assert not any("labels look exchanged" in line for line in check.lines())
    assert any("Nothing here says that its labels are exchanged: 100 %" in line for line in check.lines())
