from __future__ import annotations

import importlib.util
from collections import Counter
from typing import Any

import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from validation.dft.structures import build, plan, start_volume

pytest.importorskip("ase", reason="ASE is not installed; `make setup-dft` brings it")
needs_sqsgenerator = pytest.mark.skipif(
    importlib.util.find_spec("sqsgenerator") is None, reason="sqsgenerator is not installed; `make setup-dft` brings it"
)


def made(formula: str, **changes: Any) -> Any:
    """The cell of a formula, at 16 Å3 for each atom."""
    settings = {"ordered": True, "sites": 16, "tolerance": 0.04, **changes}
    return build(plan(Composition.parse(formula), **settings), 16.0)


def shells(atoms: Any, index: int) -> list[Counter[str]]:
    """Kinds of the 8 nearest and the 6 next neighbours of an atom."""
    block = atoms.repeat((5, 5, 5))
    middle = index + len(atoms) * (2 * 25 + 2 * 5 + 2)
    order = block.get_distances(middle, range(len(block)), mic=True).argsort()
    symbols = block.get_chemical_symbols()
    return [Counter(symbols[i] for i in order[1:9]), Counter(symbols[i] for i in order[9:15])]


@pytest.mark.parametrize("formula", ["W", "NbTa", "NbTa3", "NbTaW2", "MoNbTaW"])
def test_every_ordered_cell_is_bcc(formula: str) -> None:
    atoms = made(formula)
    assert atoms.get_volume() / len(atoms) == pytest.approx(16.0)
    assert Composition.parse(atoms.get_chemical_formula()) == Composition.parse(formula)
    edge = 32.0 ** (1 / 3)
    block = atoms.repeat((5, 5, 5))
    distances = sorted(block.get_distances(len(block) // 2, range(len(block)), mic=True))
    assert distances[1:9] == pytest.approx([edge * 3**0.5 / 2] * 8)
    assert distances[9:15] == pytest.approx([edge] * 6)


@pytest.mark.parametrize(
    ("formula", "structure", "near", "next_"),
    [
        ("NbTa", "B2", {"Ta": 8}, {"Nb": 6}),
        ("NbTa3", "D0_3", {"Ta": 8}, {"Ta": 6}),
        ("NbTaW2", "L2_1", {"W": 8}, {"Ta": 6}),
        ("MoNbTaW", "quaternary Heusler", {"Nb": 4, "W": 4}, {"Ta": 6}),
    ],
)
def test_ordered_cells_are_the_ones_they_are_called(
    formula: str, structure: str, near: dict[str, int], next_: dict[str, int]
) -> None:
    assert plan(Composition.parse(formula), True, 16, 0.0).structure == structure
    assert shells(made(formula), 0) == [near, next_]


@pytest.mark.parametrize(
    ("formula", "sites", "counts", "deviation"),
    [
        ("NbTaTi", 16, {"Nb": 4, "Ta": 4, "Ti": 4}, 0.0),
        ("HfNbTaTiZr", 20, {"Hf": 4, "Nb": 4, "Ta": 4, "Ti": 4, "Zr": 4}, 0.0),
        ("HfNbTaTiZr", 16, {"Hf": 3, "Nb": 3, "Ta": 2, "Ti": 2, "Zr": 2}, 0.05),
        ("Nb45Ta25Ti15Hf15", 12, {"Hf": 2, "Nb": 5, "Ta": 3, "Ti": 2}, 0.1 / 3),
    ],
)
def test_quasi_random_cells_come_as_near_as_they_can(
    formula: str, sites: int, counts: dict[str, int], deviation: float
) -> None:
    chosen = plan(Composition.parse(formula), True, sites, 0.05)
    assert (chosen.structure, chosen.cubic) == ("quasi-random", False)
    assert Counter(chosen.symbols) == counts
    assert chosen.deviation == pytest.approx(deviation)


def test_compositions_that_no_cell_meets_are_refused() -> None:
    with pytest.raises(InputError, match=r"at most 16 atoms comes within 0\.01.*misses by 0\.033.*raise 'sites'"):
        plan(Composition.parse("Nb45Ta25Ti15Hf15"), True, 16, 0.01)
    with pytest.raises(InputError, match="quasi-random"):
        plan(Composition.parse("Nb99Ta"), True, 16, 0.2)


def test_order_can_be_declined() -> None:
    assert plan(Composition.parse("NbTa"), False, 16, 0.0).structure == "quasi-random"
    assert plan(Composition.parse("W"), False, 16, 0.0).structure == "A2"


def test_a_missing_search_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"sqsgenerator, which is not installed; run `make setup-dft`"):
        made("NbTaTi")


@needs_sqsgenerator
def test_quasi_random_cells_repeat_and_are_random() -> None:
    one, two, other = made("NbTa", ordered=False), made("NbTa", ordered=False), made("MoNbTaW", ordered=False)
    assert one.get_chemical_symbols() == two.get_chemical_symbols()
    assert len(other) == 8
    assert one.get_volume() / len(one) == pytest.approx(16.0)
    pairs = sum((shells(one, i)[0] for i, s in enumerate(one.get_chemical_symbols()) if s == "Nb"), Counter())
    # Half of the neighbours of Nb are Nb where the alloy is random; all or none where it is ordered or apart.
    assert pairs["Nb"] / pairs.total() == pytest.approx(0.5, abs=0.13)


def test_start_volumes_are_those_of_the_elements() -> None:
    assert start_volume(("W",)) == pytest.approx(16.229)
    with pytest.raises(InputError, match="Og"):
        start_volume(("Og",))
