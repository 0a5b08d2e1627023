from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Verdict
from loop.execute.tasks import ValidatorSpec
from validation.dft import calculators
from validation.dft.settings import ANSWERED, ELASTIC, SCALAR
from validation.dft.validator import DftValidator
from validation.registry import make_validator

pytest.importorskip("ase", reason="ASE is not installed; `make setup-dft` brings it")

from tests.validation.dft.lattice_sums import lattice_sums
from tests.validation.dft.potentials import BCC, UNSTABLE

POTENTIALS = "tests.validation.dft.potentials"
MORSE = {"class": "ase.calculators.morse:MorsePotential", "arguments": BCC}


def settings(folder: Path, calculator: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Settings of a quick validator; changes under ``run`` are added to its own."""
    run = {"scratch": str(folder / "scratch"), "time_limit": 60.0, "least_free_mb": 1, **changes.pop("run", {})}
    return {"level": "draft", "calculator": calculator or MORSE, **changes, "run": run}


def own(name: str, **arguments: Any) -> dict[str, Any]:
    """A calculator of the tests."""
    return {"class": f"{POTENTIALS}:{name}", "arguments": {**BCC, **arguments}, "packages": ["tests"]}


def ask(formula: str, told: dict[str, Any]) -> Verdict:
    """The verdict on a formula."""
    return DftValidator(told).validate(Design.parse(formula))


def values(verdict: Verdict) -> dict[str, float]:
    """The values of a verdict that must have some."""
    assert isinstance(verdict, Measured), verdict
    return {name: quantity.value for name, quantity in verdict.properties.items()}


def provenance(verdict: Verdict) -> dict[str, Any]:
    """What was kept beside the values."""
    assert isinstance(verdict, Measured), verdict
    kept: dict[str, Any] = verdict.details["provenance"]
    return kept


def test_one_crystal_in_three_cells_has_the_same_properties(tmp_path: Path) -> None:
    # The potential knows no elements, so W, an ordered pair and an ordered four are the same crystal.
    found = [ask(formula, settings(tmp_path)) for formula in ("W", "MoW", "MoNbTaW")]
    assert [provenance(verdict)["structure"] for verdict in found] == ["A2", "B2", "quaternary Heusler"]
    pure, pair, four = map(values, found)
    assert tuple(pure) == ANSWERED
    for other in (pair, four):
        assert other == pytest.approx(pure, rel=2e-3, abs=0.2)
        assert other["mixing_energy"] == pytest.approx(0.0, abs=0.01)
    edge, c11, c12, c44 = lattice_sums("bcc", BCC)
    assert pure["lattice_parameter"] == pytest.approx(edge, rel=1e-3)
    assert [pure[name] for name in ("c11", "c12", "c44")] == pytest.approx([c11, c12, c44], rel=0.03)
    assert pure["mixing_energy"] == 0.0
    # The elements' energies were found in files where an earlier alloy had computed them.
    assert provenance(found[2])["states"]["resumed"] > 10


@pytest.mark.parametrize("at", [3, 9])
def test_a_killed_job_is_taken_up_where_it_stopped(tmp_path: Path, at: int) -> None:
    whole = values(ask("MoW", settings(tmp_path / "whole", own("Counted", count=str(tmp_path / "whole.txt")))))
    count = tmp_path / "count.txt"
    told = settings(tmp_path, own("Counted", count=str(count), dies_at=at))
    died = ask("MoW", told)
    assert isinstance(died, Failed)
    assert died.kind is FailureKind.INFRASTRUCTURE
    assert "ended by signal 9; the states that it finished are kept" in died.message
    again = ask("MoW", told)
    assert values(again) == whole
    needed = len((tmp_path / "whole.txt").read_text().splitlines())
    words = count.read_text().splitlines()
    # Only the state in which it died was begun twice.
    assert (words.count("done"), words.count("died")) == (needed, 1)
    assert provenance(again)["states"]["computed"] == needed - (at - 1)


def test_a_job_that_never_ends_is_ended(tmp_path: Path) -> None:
    count = tmp_path / "count.txt"
    calculator = own("Counted", count=str(count), hangs_at=4)
    verdict = ask("W", settings(tmp_path, calculator, run={"time_limit": 8.0}))
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "took longer than run.time_limit = 8 s and was ended" in verdict.message
    assert count.read_text().splitlines() == ["done"] * 3 + ["hung"]
    # How long it may take decides nothing: the states that were finished are found again.
    assert values(ask("W", settings(tmp_path, calculator))).keys() == set(ANSWERED)


def test_memory_is_limited(tmp_path: Path) -> None:
    verdict = ask("W", settings(tmp_path, own("Hungry"), run={"memory_mb": 8000, "most": {"memory_mb": 9000}}))
    assert isinstance(verdict, Failed)
    assert (verdict.kind, dict(verdict.ask)) == (FailureKind.RESOURCE, {"memory_mb": 9000})
    assert "MemoryError" in verdict.message


def stubborn(**needs: float) -> dict[str, Any]:
    """A calculator that needs little mixing or much smearing."""
    return own("Stubborn", mixing="{mixing}", smearing="{smearing}", **{"most": 1.0, "least": 0.0, **needs})


def test_the_ladder_is_climbed_and_recorded(tmp_path: Path) -> None:
    easy = ask("MoW", settings(tmp_path, stubborn()))
    mixed = ask("MoW", settings(tmp_path, stubborn(most=0.03)))
    smeared = ask("MoW", settings(tmp_path, stubborn(least=0.3)))
    assert provenance(easy)["corrections"] == []
    assert provenance(easy)["smearing_ev"] == pytest.approx(0.2)
    assert provenance(mixed)["corrections"][0].endswith("as set failed (SCFError: no convergence after the last step)")
    assert provenance(mixed)["smearing_ev"] == pytest.approx(0.2)
    assert provenance(smeared)["smearing_ev"] == pytest.approx(0.4)
    assert any("again with a smearing of 0.4 eV" in text for text in provenance(smeared)["corrections"])
    assert values(mixed) == values(easy)
    # Smearing moves all energies alike, so that elements and alloy must have had the same.
    assert values(smeared) == pytest.approx(values(easy), rel=1e-6, abs=1e-6)


def test_what_never_converges_is_set_aside_and_not_believed(tmp_path: Path) -> None:
    told = settings(tmp_path, stubborn(least=5.0))
    first, again = ask("W", told), ask("W", told)
    for verdict in (first, again):
        assert isinstance(verdict, Failed)
        assert verdict.kind is FailureKind.SUSPECT
        assert "did not converge" in verdict.message
        assert "the ladder is used up" in verdict.message
    records = [json.loads(path.read_text()) for path in (tmp_path / "scratch" / "states").glob("*.json")]
    assert [record["energy"] for record in records] == [None, None]
    assert all(len(record["attempts"]) == 2 and all(a["why"] for a in record["attempts"]) for record in records)


def test_damaged_states_are_computed_again(tmp_path: Path) -> None:
    told = settings(tmp_path)
    before = values(ask("W", told))
    files = sorted((tmp_path / "scratch" / "states").glob("*.json"))
    files[0].write_text('{"energy": "NaN", "attempts": []}')
    files[1].write_text("{")
    again = ask("W", told)
    assert values(again) == before
    assert provenance(again)["states"]["computed"] == 2


def test_noise_is_not_believed(tmp_path: Path) -> None:
    verdict = ask("W", settings(tmp_path, own("Noisy")))
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.SUSPECT
    assert "meV/atom, more than the 1" in verdict.message or "no minimum" in verdict.message


def test_an_unstable_crystal_is_an_answer(tmp_path: Path) -> None:
    unstable = {"class": MORSE["class"], "arguments": UNSTABLE}
    verdict = ask("Cu", settings(tmp_path, unstable))
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.PHYSICS
    assert "mechanically unstable at 0 K: C11 = " in verdict.message
    assert set(values(ask("Cu", settings(tmp_path, unstable, properties=list(SCALAR))))) == set(SCALAR)
    near = ask("Cu", settings(tmp_path, {"name": "emt"}))
    assert isinstance(near, Failed)
    assert (near.kind, "may be mechanically unstable" in near.message) == (FailureKind.SUSPECT, True)


def test_alloys_without_a_cubic_cell_have_no_elastic_constants(tmp_path: Path) -> None:
    pytest.importorskip("sqsgenerator", reason="sqsgenerator is not installed; `make setup-dft` brings it")
    verdict = ask("NbTaTi", settings(tmp_path))
    assert set(values(verdict)) == set(SCALAR)
    assert isinstance(verdict, Measured)
    assert "c11, c12, c44" in verdict.details["notes"][0]
    assert provenance(verdict)["structure"] == "quasi-random"
    assert values(verdict)["mixing_energy"] == pytest.approx(0.0, abs=0.05)
    alone = ask("NbTaTi", settings(tmp_path, properties=list(ELASTIC)))
    assert isinstance(alone, Failed)
    assert "needs a quasi-random cell" in alone.message


@pytest.mark.parametrize(
    ("calculator", "message"),
    [
        ({"class": "ase.calculators.no_such:Thing"}, "is not installed: there is no module 'ase.calculators.no_such'"),
        ({"class": "mace.no_such:Thing"}, "is not installed: there is no module 'mace.no_such'"),
        ({"class": "os:system"}, "the package 'os' is not among those that may be used"),
        ({"class": "ase.calculators.emt"}, r"a class is written package\.module:Name"),
        ({"class": MORSE["class"], "arguments": {"x": [{"class": "os:system"}]}}, "the package 'os'"),
        ({"name": "emt", "class": MORSE["class"]}, "give either 'name'"),
        ({"name": "vasp"}, "'gpaw' or 'emt'"),
    ],
)
def test_calculators_are_refused_with_a_reason(tmp_path: Path, calculator: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DftValidator(settings(tmp_path, calculator))


def test_without_the_packages_it_says_how_they_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gpaw" else found(name))
    with pytest.raises(InputError, match=r"the calculator 'gpaw:GPAW' is not installed.*run `make setup-dft`"):
        DftValidator({})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs ASE, which is not installed; run `make setup-dft`"):
        DftValidator(settings(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"level": "fine"}, "'draft', 'standard' or 'tight'"),
        ({"properties": ["solidus"]}, "among lattice_parameter"),
        ({"cutoff": -1.0}, "greater than or equal to 100"),
        ({"sites": 17}, "one of 8, 12, 16"),
        ({"elements": ["Xx"]}, "not chemical elements: Xx"),
        ({"run": {"processes": 2}}, "processes above 1 is for gpaw"),
        ({"kpoints": 3}, "Extra inputs are not permitted"),
        ({"files": ["/no/such/potential"]}, "there is no file '/no/such/potential'"),
    ],
)
def test_settings_are_refused_with_a_reason(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DftValidator(settings(tmp_path, **changes))


def test_elements_are_checked(tmp_path: Path) -> None:
    validator = DftValidator(settings(tmp_path, elements=["Nb", "Ta"]))
    validator.check(["Nb"])
    with pytest.raises(InputError, match="lacks W; it has Nb, Ta"):
        validator.check(["Nb", "W"])
    verdict = ask("W", settings(tmp_path, {"name": "emt"}))
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.SUSPECT
    assert "EMT" in verdict.message


def test_the_fingerprint_follows_what_decides_the_answer(tmp_path: Path) -> None:
    def fingerprint(**changes: Any) -> str:
        return DftValidator(settings(tmp_path, **changes)).fingerprint

    data = tmp_path / "potential"
    data.write_text("1")
    prints = [
        fingerprint(),
        fingerprint(level="tight"),
        fingerprint(smearing=0.3),
        fingerprint(ordered=False),
        fingerprint(properties=["c44"]),
        fingerprint(calculator={**MORSE, "arguments": {**BCC, "rho0": 4.0}}),
        fingerprint(calculator={**MORSE, "version": "2"}),
        fingerprint(files=[str(data)]),
    ]
    data.write_text("2")
    prints.append(fingerprint(files=[str(data)]))
    assert len(set(prints)) == len(prints)
    assert fingerprint(run={"time_limit": 7.0, "memory_mb": 9000}, cutoff=350.0) == prints[0]


def test_it_travels(tmp_path: Path) -> None:
    data = tmp_path / "potential"
    data.write_text("1")
    here = DftValidator(settings(tmp_path, files=[str(data)]))
    spec = ValidatorSpec.of(here)
    there = make_validator(spec.name, json.loads(spec.settings))
    assert there.fingerprint == here.fingerprint
    assert there.portable_settings == here.portable_settings
    data.write_text("2")
    verdict = there.validate(Design.parse("W"))
    assert isinstance(verdict, Failed)
    assert (verdict.kind, "has changed" in verdict.message) == (FailureKind.INFRASTRUCTURE, True)
    other = DftValidator({**json.loads(spec.settings), "digests": {}, "versions": {"ase": "0"}})
    verdict = replace(other.validate(Design.parse("W")), seconds=0.0)
    assert isinstance(verdict, Failed)
    assert "began with {'ase': '0'}" in verdict.message


def test_numbers_reach_calculators_in_their_units() -> None:
    told = calculators.CalculatorSettings.model_validate(
        {
            "class": "ase.calculators.vasp:Vasp",
            "arguments": {"encut": "{cutoff}", "kpts": "{kpts}", "sigma": "{smearing}", "amix": "{mixing}"},
        }
    )
    numbers = calculators.Numbers(400.0, (9, 9, 9), 0.2, 0.05, 100)
    vasp = calculators.make(told, numbers)
    assert (vasp.float_params["encut"], vasp.float_params["sigma"]) == (400.0, 0.2)
    assert vasp.input_params["kpts"] == [9, 9, 9]
    nested = {"class": "ase.calculators.mixing:SumCalculator", "arguments": {"calcs": [MORSE, MORSE]}}
    both = calculators.make(calculators.CalculatorSettings.model_validate(nested), numbers)
    assert [type(part).__name__ for part in both.mixer.calcs] == ["MorsePotential"] * 2
    assert numbers.placeholders()["{cutoff_ry}"] == pytest.approx(400.0 / 13.6057, rel=1e-5)
    assert numbers.placeholders()["{cutoff_ha}"] == pytest.approx(400.0 / 27.2114, rel=1e-5)


def test_ase_is_loaded_only_where_energies_are_computed() -> None:
    text = "import sys, validation.dft.validator; assert not {'ase', 'gpaw', 'sqsgenerator'} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", text], check=True, env=environment)
