"""The retry ladder and the check of solidus and liquidus: each step alone finds the same equilibrium."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from alloys.composition import Composition
from validation.calphad.errors import CalphadError
from validation.calphad.own.database import build_database
from validation.calphad.reading.tdbfile import parsed
from validation.calphad.solving import melting, retry
from validation.calphad.solving.engine import CalphadEngine
from validation.calphad.solving.equilibrium import Equilibrator
from validation.calphad.solving.melting import checked_root
from validation.calphad.solving.system import ElementSystem

# A Laves phase beside bcc close to the top of a miscibility gap. The energy is that of pycalphad's equilibrium() with
# 500 and with 2,000 points per degree of freedom.
ELEMENTS = ("CR", "HF", "TA", "TI", "V", "ZR")
FRACTIONS = np.array([0.08, 0.07, 0.10, 0.09, 0.48, 0.18])
KELVIN = 1533.42
ENERGY = -100710.60


@pytest.fixture(scope="module")
def system() -> ElementSystem:
    database = parsed(build_database())
    return ElementSystem(database, ELEMENTS, sorted(database.phases))


def solids(system: ElementSystem) -> list[str]:
    return [name for name in system.surfaces if name != "LIQUID"]


@pytest.mark.parametrize("step", [name for name in retry.LADDER if name != retry.FIRST])
def test_each_step_of_the_ladder_finds_the_equilibrium(system: ElementSystem, step: str) -> None:
    solver = Equilibrator(system, FRACTIONS)
    found = retry.LADDER[step](solver, KELVIN, solids(system), "BCC_A2")
    assert found is not None
    assert found.energy == pytest.approx(ENERGY, abs=1.0)
    assert {item.phase for item in found.sets} == {"BCC_A2", "LAVES_C15"}
    assert sum(item.amount * item.composition for item in found.sets) == pytest.approx(FRACTIONS, abs=2e-6)


def nothing(*_: object) -> None:
    return None


def broken(*_: object) -> None:
    raise ZeroDivisionError("singular")


@pytest.mark.parametrize("first", [nothing, broken])
def test_the_step_that_answered_is_recorded(
    system: ElementSystem, monkeypatch: pytest.MonkeyPatch, first: Callable[..., None]
) -> None:
    monkeypatch.setitem(retry.LADDER, retry.FIRST, first)
    solver = Equilibrator(system, FRACTIONS)
    retry.find(solver, KELVIN, solids(system), "BCC_A2")
    assert solver.retries == [(KELVIN, "finer meshes")]


def test_a_ladder_without_an_answer_is_a_classified_failure(
    system: ElementSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in retry.LADDER:
        monkeypatch.setitem(retry.LADDER, step, broken)
    with pytest.raises(CalphadError, match=r"at 1533.42 K .* another grid.*ZeroDivisionError: singular") as caught:
        retry.find(Equilibrator(system, FRACTIONS), KELVIN, solids(system))
    assert caught.value.kind == "no_convergence"


def test_neighbours_stay_inside_their_sublattices(system: ElementSystem) -> None:
    surface = system.surfaces["LAVES_C15"]
    sites = surface.grid[len(surface.grid) // 2]
    points = retry.around(surface, sites, 0.05)
    assert len(points) > 2
    for size, start in surface.constitution.sublattices():
        assert points[:, start : start + size].sum(axis=1) == pytest.approx(1.0, abs=1e-8)
    assert points.min() > 0.0


def test_a_root_is_checked_on_both_sides() -> None:
    assert checked_root(lambda kelvin: 5.0 * (kelvin - 1800.0), 2500.0, "solidus") == pytest.approx(1800.0, abs=0.02)
    for touching in (
        lambda kelvin: -abs(kelvin - 1800.0) - 1e-3 if kelvin < 1900.0 else 1.0,
        lambda kelvin: abs(kelvin - 1800.0) + 1e-3 if kelvin > 1700.0 else -1.0,
    ):
        with pytest.raises(CalphadError, match=r"does not hold 1 K (above|below) it") as caught:
            checked_root(touching, 1800.0, "solidus")
        assert caught.value.kind == "bracket_check"


def test_a_root_that_was_followed_is_confirmed_or_searched_anew() -> None:
    asked: list[float] = []

    def function(kelvin: float) -> float:
        asked.append(kelvin)
        return 5.0 * (kelvin - 1800.0)

    root = checked_root(function, 2500.0, "solidus", lambda kelvin: 4.0 * (kelvin - 1800.0))
    assert root == pytest.approx(1800.0, abs=0.02)
    assert asked == [2500.0, root, root - 1.0, root + 1.0]
    # What is followed has lost the lowest minimum: its root is none, and nothing of it is left in the answer.
    assert checked_root(function, 2500.0, "solidus", lambda kelvin: kelvin - 1700.0) == pytest.approx(1800.0, abs=0.02)


@pytest.mark.parametrize("formula", ["CrHfNbTiZr", "HfMoTaTiZr", "Cr30Mo30V40"])
def test_roots_that_were_followed_are_those_that_are_searched(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = CalphadEngine(build_database())
    fractions = Composition.parse(formula).fractions()
    followed = engine.alloy(fractions)
    melted = followed.solidus, followed.liquidus
    monkeypatch.setattr(melting, "FOLLOWED_ROUNDS", 0)
    searched = engine.alloy(fractions)
    assert melted == pytest.approx((searched.solidus, searched.liquidus), abs=0.1)


def test_every_process_computes_the_same_bits() -> None:
    code = (
        "import sys, hashlib\n"
        "from validation.calphad.own.database import build_database\n"
        "from validation.calphad.solving.system import ElementSystem\n"
        "from validation.calphad.reading.tdbfile import parsed\n"
        "surfaces = ElementSystem(parsed(build_database()), ('CR', 'NB', 'ZR'), ['BCC_A2', 'LAVES_C15']).surfaces\n"
        "rows = [surface.energy(1500.0, surface.grid).tobytes() for surface in surfaces.values()]\n"
        "print(hashlib.sha256(b''.join(rows)).hexdigest())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "3")
    }
    assert len(answers) == 1
    assert len(answers.pop().strip()) == len(hashlib.sha256().hexdigest())
