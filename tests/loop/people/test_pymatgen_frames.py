"""A campaign from Python takes what a person has in pymatgen wherever it takes a formula."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pymatgen.core import Composition as Amounts
from pymatgen.core import Lattice, Structure

from alloys.design import Design
from loop.campaign import Campaign
from loop.people.frames import designs_in
from tests.loop.loop_helpers import small_config

B2 = Structure(Lattice.cubic(2.9), [{"Al": 0.5, "Co": 0.5}, {"Ni": 0.5, "Fe": 0.5}], [[0, 0, 0], [0.5, 0.5, 0.5]])
HARDNESS = {
    "properties": {"hardness": {"unit": "HV", "range": [0, 2500], "scatter": 15.0}},
    "objectives": ["maximize hardness"],
}


def test_measurements_of_pymatgen_objects_are_taken_and_asked_about(tmp_path: Path) -> None:
    space = {"elements": ["Al", "Co", "Fe", "Ni"], "step": 0.05, "lower": 0.05, "upper": 0.5, "count": [3, 4]}
    own = {
        "space": space,
        "physics": "generic",
        "constraints": [],
        "reference_point": {},
        "validator": {"name": "human"},
    }
    with Campaign.open(small_config(tmp_path, **HARDNESS, **own)) as campaign:
        others = [Amounts(f"Al{a}Co{b}Ni{100 - a - b}") for a in (20, 40) for b in (20, 40)]
        frame = pd.DataFrame({"formula": [B2, *others], "hardness": [520.0, 300, 310, 420, 430]})
        assert campaign.observe(frame).new == 5
        assert "Al25Co25Fe25Ni25" in list(campaign.results()["formula"])
        known = campaign.view().nameable
    one = Design.parse("AlCoFeNi")
    for asked in (B2, [B2], [Amounts("AlCoFeNi")], "AlCoFeNi", pd.DataFrame({"formula": [B2]})):
        assert designs_in(asked, (), known) == [one]
    assert designs_in([B2, others[0], "AlCoNi2"], (), known)[1:] == [
        Design.parse("Al20Co20Ni60"),
        Design.parse("AlCoNi2"),
    ]


def test_a_campaign_begins_from_a_frame_of_pymatgen_objects(tmp_path: Path) -> None:
    formulas = [
        B2,
        *(Amounts(f"Al{a}Co{b}Ni{c}") for a, b, c in ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (3, 1, 2))),
    ]
    frame = pd.DataFrame({"alloy": formulas, "hardness [HV]": [520.0, 300, 310, 420, 430, 440]})
    with Campaign.from_frame(frame, maximize="hardness", directory=tmp_path) as campaign:
        assert len(campaign.results()) == 6
        assert any(formula.startswith("Al33.333") for formula in campaign.results()["formula"])
