"""Standard deviations from the samples of an ESPEI run, where they follow in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Measured
from tests.support.ideal import IDEAL_TDB
from validation.registry import make_validator

SAMPLED_TDB = (
    IDEAL_TDB.replace("+27500-10*T;", "+27500-10*T+VV0001;").replace("+36950-10*T;", "+36950-10*T+VV0002;")
    + "FUNCTION VV0001 1.0 0.0; 10000.0 N !\nFUNCTION VV0002 1.0 0.0; 10000.0 N !\n"
)
"""Enthalpies of fusion with a fitted part: each element melts at (H + VV) / 10 K."""
MELTS = {"begins": {"melting": "solidus"}, "solid": {"fraction": "BCC_A2", "at": "1000 degC"}}


def drawn(chains: int, iterations: int, parameters: int = 2) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(0.0, 300.0, (chains, iterations, parameters))


def made(folder: Path, trace: Any, **settings: Any) -> Any:
    (folder / "sampled.tdb").write_text(SAMPLED_TDB)
    np.save(folder / "trace.npy", trace)
    tdb = {"file": str(folder / "sampled.tdb"), "samples": str(folder / "trace.npy")}
    return make_validator("calphad", {"tdb": tdb, "quantities": MELTS, **settings})


def test_a_melting_point_spreads_as_its_enthalpy_by_its_entropy(tmp_path: Path) -> None:
    trace = drawn(4, 8)
    validator = made(tmp_path, trace)
    verdict = validator.validate(Design.parse("Nb"))
    assert isinstance(verdict, Measured)
    melting, solid = verdict.properties["begins"], verdict.properties["solid"]
    # The last half: four iterations of four chains, all of them.
    assert melting.value == pytest.approx(2750.0, abs=0.05)
    assert melting.std == pytest.approx(trace[:, 4:, 0].std(ddof=1) / 10.0, rel=1e-3)
    assert (solid.value, solid.std) == (1.0, 0.0)
    other = validator.validate(Design.parse("W"))
    assert isinstance(other, Measured)
    assert other.properties["begins"].std == pytest.approx(trace[:, 4:, 1].std(ddof=1) / 10.0, rel=1e-3)


def test_another_process_answers_alike_without_the_file(tmp_path: Path) -> None:
    validator = made(tmp_path, drawn(4, 8))
    plain = make_validator("calphad", {"tdb": str(tmp_path / "sampled.tdb"), "quantities": MELTS})
    settings = validator.portable_settings
    (tmp_path / "trace.npy").unlink()
    (tmp_path / "sampled.tdb").unlink()
    again = make_validator("calphad", settings)
    assert again.fingerprint == validator.fingerprint != plain.fingerprint
    assert again.description.expected_seconds > plain.description.expected_seconds
    verdict = plain.validate(Design.parse("Nb"))
    assert isinstance(verdict, Measured)
    assert verdict.properties["begins"].std is None


def test_iterations_that_were_never_run_do_not_count(tmp_path: Path) -> None:
    trace = drawn(4, 8)
    stopped = np.concatenate([trace, np.zeros((4, 100, 2))], axis=1)
    assert made(tmp_path, stopped).fingerprint == made(tmp_path, trace).fingerprint
    assert made(tmp_path, drawn(4, 12)).fingerprint != made(tmp_path, trace).fingerprint


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (drawn(4, 8, 3), r"has the shape \(4, 8, 3\); .* the database has 2 parameters, VV0001 to VV0002"),
        (drawn(4, 8)[0], "has the shape"),
        (np.zeros((4, 8, 2)), "holds 0 samples"),
        (np.full((4, 8, 2), np.nan), "no finite numbers"),
        (np.array([[["a"]]]), "no array of numbers"),
        (np.array([{"a": 1}], dtype=object), "cannot read the samples"),
    ],
)
def test_a_file_that_is_no_trace_of_this_database(tmp_path: Path, trace: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(tmp_path, trace)


def test_a_database_without_fitted_symbols_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    made(tmp_path, drawn(4, 8))
    (tmp_path / "ideal.tdb").write_text(IDEAL_TDB)
    samples = str(tmp_path / "trace.npy")
    with pytest.raises(InputError, match="no symbols VV0001"):
        make_validator("calphad", {"tdb": {"file": str(tmp_path / "ideal.tdb"), "samples": samples}})
    with pytest.raises(InputError, match="cannot read the samples"):
        make_validator("calphad", {"tdb": {"file": str(tmp_path / "sampled.tdb"), "samples": samples + "x"}})
    with pytest.raises(InputError, match="'tdb' is a path, or"):
        make_validator("calphad", {"tdb": {"samples": samples}})
