from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from alloys.physics.elements import element
from alloys.records import Failed, FailureKind, Measured
from tests.support.golden import golden
from validation.dft.validator import DftValidator

pytestmark = pytest.mark.slow
pytest.importorskip("gpaw", reason="GPAW is not installed; `make setup-dft` brings it")


def validator(folder: Path, **changes: Any) -> DftValidator:
    """A quick one for tungsten."""
    run = {"scratch": str(folder), "time_limit": 3000.0}
    return DftValidator({"level": "draft", "elements": ["W"], "run": run, **changes})


@pytest.mark.timeout(3600)
def test_tungsten_at_draft(tmp_path: Path) -> None:
    (row,) = (r for r in golden("elastic_constants.csv") if (r["element"], r["source"]) == ("W", "PBE"))
    c11, c12, c44 = (float(row[name]) for name in ("c11_gpa", "c12_gpa", "c44_gpa"))
    verdict = validator(tmp_path).validate(Design.parse("W"))
    assert isinstance(verdict, Measured), verdict
    found = {name: quantity.value for name, quantity in verdict.properties.items()}
    assert found["lattice_parameter"] == pytest.approx((2 * element("W").atomic_volume) ** (1 / 3), rel=0.01)
    assert found["bulk_modulus"] == pytest.approx((c11 + 2 * c12) / 3, rel=0.08)
    assert [found[name] for name in ("c11", "c12", "c44")] == pytest.approx([c11, c12, c44], rel=0.2)


def test_too_few_steps_are_not_believed(tmp_path: Path) -> None:
    coarse = {"kpoint_density": 1.4, "properties": ["lattice_parameter"]}
    verdict = validator(tmp_path, calculator={"name": "gpaw", "arguments": {"maxiter": 2}}, **coarse).validate(
        Design.parse("W")
    )
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.SUSPECT
    assert "ConvergenceError" in verdict.message
    assert "the ladder is used up" in verdict.message
