"""A campaign's surrogate learns from points of other sources that its configuration names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alloys.design import Design
from alloys.points.point import Point, PointConditions, PointKind
from loop.campaign import Campaign
from loop.choose.fitting import fit_surrogate
from loop.materials.foreign import ForeignPoint
from loop.materials.table import MaterialsTable
from loop.other_sources import FEWEST, tasks_of
from tests.loop.drive.materials.melting import melting_config

MELTING = {"Nb": 2750.0, "Ta": 3290.0, "Ti": 1941.0, "Al": 933.0}


@pytest.fixture
def literature(tmp_path: Path) -> dict[str, Any]:
    """A table with solidus temperatures of two elements of the campaign, and of one that it has not."""
    rng, points = np.random.default_rng(0), []
    for _ in range(30):
        first, second = rng.choice(list(MELTING), 2, replace=False)
        share = int(rng.integers(1, 10)) * 10
        value = (share * MELTING[first] + (100 - share) * MELTING[second]) / 100
        design = Design.parse(f"{first}{share}{second}{100 - share}")
        points.append(Point(design, "solidus", "K", value, PointKind.LITERATURE, "10.1234/melting"))
    with MaterialsTable.open(tmp_path / "literature.db", create=True) as table:
        table.add(points, who="Ada")
    return {"table": str(tmp_path / "literature.db"), "points": {"solidus": {"property": "solidus"}}}


def test_literature_teaches_the_surrogate_before_a_verdict_and_not_where_transfer_is_off(
    tmp_path: Path, literature: dict[str, Any]
) -> None:
    with Campaign.open(melting_config(tmp_path, "learns", materials=literature)) as campaign:
        view = campaign.view()
        assert [points.name for points in view.others] == ["literature"]
        assert {"Al"} < view.others[0].elements
        surrogate = fit_surrogate(view)
        asked = view.inputs([Design.parse("Nb20Ta80"), Design.parse("Nb20Ti80")])
        ta, ti = surrogate.predict(asked)[0]["solidus"]
        assert ta > ti + 500
        assert any("literature is used" in note for note in surrogate.notes)
    with Campaign.open(melting_config(tmp_path, "not", materials=literature | {"transfer": False})) as campaign:
        assert campaign.view().others == ()


def test_sources_and_conditions_are_tasks_of_their_own_and_small_ones_are_one() -> None:
    def points(count: int, kind: PointKind, source: str, celsius: float, first: int = 0) -> list[ForeignPoint]:
        conditions = PointConditions(test_temperature=celsius, test="compression")
        return [
            ForeignPoint(first + i, "strength", Design.parse("NbTa"), 5.0, None, kind, source, conditions)
            for i in range(count)
        ]

    told = [
        *points(FEWEST + 5, PointKind.LITERATURE, "10.1/a", 25.0),
        *points(FEWEST, PointKind.LITERATURE, "10.1/b", 1210.0),
        *points(FEWEST, PointKind.VALIDATION, "0123456789abcdef", 25.0),
        *points(2, PointKind.LITERATURE, "10.1/c", 800.0, first=90),
        *points(1, PointKind.LITERATURE, "10.1/c", 600.0, first=80),
    ]
    found = {task.name: len(task.designs) for task in tasks_of(told)}
    assert found == {
        "literature at 0 to 100 °C in compression": FEWEST + 5,
        "literature at 1200 to 1300 °C in compression": FEWEST,
        "validator 0123456789ab at 0 to 100 °C in compression": FEWEST,
        "other sources and conditions": 3,
    }
