"""Campaigns on other problems than the default one: a list of candidates, and elements that no prior knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alloys.errors import InputError
from alloys.space import AlloySpace
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from tests.loop.loop_helpers import small_config
from tests.strategies import PALETTE


def _candidates(folder: Path, count: int = 40) -> Path:
    space = AlloySpace.build(PALETTE, limits=[("Cr", 0.10, "Zr")])
    points = np.unique(space.sample(8 * count, np.random.default_rng(3)), axis=0)
    formulas = [space.design(point).formula for point in points]
    path = folder / "shelf.csv"
    path.write_text("\n".join(["formula", *formulas]) + "\n", encoding="utf-8")
    return path


def test_a_list_of_candidates_is_a_whole_campaign(tmp_path: Path) -> None:
    path = _candidates(tmp_path)
    space = {"kind": "table", "file": str(path)}
    goal = {"objectives": ["maximize solidus", "maximize ductility_index"], "constraints": ["density <= 11"]}
    config = small_config(tmp_path, space=space, **goal, reference_point={"solidus": 1000, "ductility_index": 1})
    listed = set(path.read_text(encoding="utf-8").split())
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(2)
        view = campaign.view()
    assert [row.iteration for row in view.rows] == [0] * 6 + [1] * 2 + [2] * 2
    assert {row.design.formula for row in view.rows} <= listed
    assert len({row.design for row in view.rows}) == 10
    assert {row.origin.removeprefix("polish of ") for row in view.rows} <= {"table", "design", "list"}
    assert all(row.prediction is not None for row in view.rows if row.iteration)
    path.write_text(path.read_text(encoding="utf-8") + "NbTa\n", encoding="utf-8")
    with pytest.raises(InputError, match="what it says changed"):
        Campaign.open(config)


def test_a_campaign_by_hand_on_elements_without_a_prior(tmp_path: Path) -> None:
    config = small_config(
        tmp_path,
        space={"elements": ["Al", "Co", "Cr", "Fe", "Ni"]},
        physics="generic",
        objectives=["maximize bulk_modulus"],
        constraints=["bulk_modulus >= 140", "density <= 9"],
        reference_point={},
        validator={"name": "human"},
    )
    stiff = {"Al": 76.0, "Co": 180.0, "Cr": 160.0, "Fe": 170.0, "Ni": 186.0}  # a truth for the test
    with Campaign.open(config) as campaign:
        for _ in range(3):
            table = campaign.suggest(4)
            assert len(table) == 4
            if "probability_feasible" in table:
                assert table["probability_feasible"].between(0.01, 1.0).all()
            answers = [sum(row[symbol] * value for symbol, value in stiff.items()) for _, row in table.iterrows()]
            campaign.observe(pd.DataFrame({"formula": table["formula"], "bulk_modulus": answers}))
        view = campaign.view()
    best = max(row.values["bulk_modulus"] for row in view.rows)
    assert best > max(row.values["bulk_modulus"] for row in view.rows if row.iteration == 0)
    assert any(row.feasible for row in view.rows)


@pytest.mark.parametrize(
    "space",
    [
        {"rules": ["x_Al + x_Cr <= 0.2", "x_Ni / x_Co <= 2"], "steps": {"B": 0.0005}, "balance": "Fe", "upper": 0.3},
        {"rules": ["w_Al + w_Cr <= 0.2", "w_Ni == w_Co"], "basis": "wt", "step": 0.005, "lower": 0.01, "count": [4, 6]},
    ],
    ids=["additions", "weights"],
)
def test_a_campaign_keeps_the_rules_of_its_space(tmp_path: Path, space: dict[str, object]) -> None:
    config = small_config(
        tmp_path,
        space={"elements": ["Al", "B", "Co", "Cr", "Fe", "Ni"], **space},
        physics="generic",
        objectives=["maximize bulk_modulus"],
        constraints=[],
        reference_point={},
        validator={"name": "human"},
    )
    with Campaign.open(config) as campaign:
        for answers in (np.linspace(100, 200, 6), np.linspace(150, 200, 4)):
            table = campaign.suggest(len(answers))
            campaign.observe(pd.DataFrame({"formula": table["formula"], "bulk_modulus": answers}))
        view = campaign.view()
    assert [row.iteration for row in view.rows] == [0] * 6 + [1] * 4
    assert len(view.in_space([row.design for row in view.rows])) == len({row.design for row in view.rows}) == 10
    for row in view.rows:
        x = row.design.composition.fractions()
        assert x.get("Ni", 0.0) <= 2 * x.get("Co", 0.0) + 1e-6
