"""The project's own thermodynamic database: nine refractory elements, built as TDB text from data files.

Every number is either read from ESPEI's SGTE91 data at run time or stands in ``data/*.csv`` with its
source and its status (``assessed`` or ``estimate``).
"""

from __future__ import annotations

import csv
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import combinations, product
from pathlib import Path

from validation.calphad.errors import DatabaseError
from validation.calphad.own import unaries

ELEMENTS = ("CR", "HF", "MO", "NB", "TA", "TI", "V", "W", "ZR")
SOLUTIONS = {"BCC_A2": "3", "FCC_A1": "1", "HCP_A3": ".5", "LIQUID": ""}
LAVES = ("LAVES_C14", "LAVES_C15", "LAVES_C36")
STATUSES = ("assessed", "estimate")
DATA = Path(__file__).with_name("data")
SHARED = Path(str(resources.files("alloys"))) / "data"

POLYTYPE_PENALTY = 1500.0
"""J per mole of A2B by which a polytype that is not reported lies above the reported one."""
UNSTABLE_PER_ATOM = 5000.0
"""J per mole of atoms by which an unreported Laves end-member lies above its pure elements (GHSER)."""


@dataclass(frozen=True, slots=True)
class Published:
    """An energy ``a + b T + c T^2`` in J/mol of a phase: a Laves structure per A2B, or a term of two or three elements.

    Attributes:
        phase: The phase.
        species: What the term belongs to: small and large atom of a Laves compound, where two large atoms with a comma
            between them stand for their mixing on the large sites; or two or three elements in alphabetical order.
        order: That of Redlich and Kister for two elements; for three the place of the one whose fraction it is weighted
            with; 0 for a Laves structure.
        a: J/mol.
        b: J/mol/K.
        c: J/mol/K^2.
        source: Where the number was read.
        assessment: The paper.
        status: ``assessed`` or ``estimate``.
    """

    phase: str
    species: tuple[str, ...]
    order: int
    a: float
    b: float
    c: float
    source: str
    assessment: str
    status: str

    @property
    def comment(self) -> str:
        """What the TDB text says of it."""
        return _comment(f"{self.status}: {self.assessment}; read from {self.source}")


@dataclass(frozen=True, slots=True)
class LavesCompound:
    """One A2B compound: ``a + b T`` in J per mole of formula unit relative to 2 GHSER(A) + GHSER(B)."""

    small: str
    large: str
    ground: str
    a: float
    b: float
    limit_k: float
    high: str
    transition_k: float | None
    source: str
    status: str
    rule: str

    def energy(self, phase: str) -> tuple[float, float]:
        """Formation energy (a, b) of this compound in one of the Laves structures, J and J/K per A2B.

        An assessed energy of the structure comes first (`laves_polytypes`).
        """
        assessed = laves_polytypes().get((phase, self.small, self.large))
        if assessed is not None:
            return assessed.a, assessed.b
        if phase == self.ground:
            return self.a, self.b
        if phase == self.high and self.transition_k is not None:
            return self.a + POLYTYPE_PENALTY, self.b - POLYTYPE_PENALTY / self.transition_k
        return self.a + POLYTYPE_PENALTY, self.b


def table_path(name: str) -> Path:
    """Where a table lies: the binary interactions are shared with `alloys.physics.solution`, the rest is here."""
    return SHARED / name if name == "binary_interactions.csv" else DATA / name


def _rows(name: str) -> list[dict[str, str]]:
    with table_path(name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows, start=2):
        if row["status"] not in STATUSES:
            raise DatabaseError(f"{name}, line {number}: status must be one of {STATUSES}, got {row['status']!r}")
    return rows


def _published(name: str, species: str) -> list[Published]:
    return [
        Published(
            row["phase"], tuple(row[species].split("-")), int(row["order"]), float(row["a"]), float(row["b"]),
            float(row.get("c", 0.0)), row["source"], row["assessment"], row["status"],
        )
        for row in _rows(name)
    ]  # fmt: skip


@lru_cache(maxsize=1)
def interactions() -> tuple[Published, ...]:
    """Binary interactions of BCC_A2 and LIQUID from ``alloys/data/binary_interactions.csv``.

    Raises:
        DatabaseError: A pair is not in alphabetical order, or one of the 36 pairs is missing.
    """
    found = _published("binary_interactions.csv", "pair")
    for item in found:
        if list(item.species) != sorted(set(item.species)):
            pair = "-".join(item.species)
            raise DatabaseError(f"pair {pair}: odd orders change sign with the order; write it alphabetically")
    present = {(item.phase, item.species) for item in found}
    missing = set(product(("BCC_A2", "LIQUID"), combinations(ELEMENTS, 2))) - present
    if missing:
        raise DatabaseError(f"binary_interactions.csv lacks {sorted(missing)}; add a row, marked estimate if need be")
    return tuple(found)


@lru_cache(maxsize=1)
def ternary_interactions() -> tuple[Published, ...]:
    """Terms of three elements from ``data/ternary_interactions.csv``.

    Raises:
        DatabaseError: The elements of a row are not three in alphabetical order, or its order is not 0, 1 or 2.
    """
    found = _published("ternary_interactions.csv", "elements")
    for item in found:
        if len(set(item.species)) != 3 or sorted(item.species) != list(item.species) or not 0 <= item.order <= 2:
            raise DatabaseError(
                f"{item.species}, order {item.order}: write three elements alphabetically, order 0 to 2"
            )
    return tuple(found)


@lru_cache(maxsize=1)
def laves_polytypes() -> dict[tuple[str, str, str], Published]:
    """Assessed energies of Laves structures by phase, small and large atom, from ``data/laves_polytypes.csv``."""
    found = _published("laves_polytypes.csv", "compound")
    return {(item.phase, item.species[0], item.species[1]): item for item in found}


@lru_cache(maxsize=1)
def laves_compounds() -> tuple[LavesCompound, ...]:
    """Laves compounds from ``data/laves.csv``."""
    return tuple(
        LavesCompound(
            row["small"], row["large"], row["ground"], float(row["a"]), float(row["b"]), float(row["limit_K"]),
            row["high"], float(row["transition_K"]) if row["transition_K"] else None, row["limit_source"],
            row["status"], row["rule"],
        )
        for row in _rows("laves.csv")
    )  # fmt: skip


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _polynomial(*coefficients: float) -> str:
    powers = ("", "*T", "*T**2")
    terms = [f"{value:+.12g}{power}" for value, power in zip(coefficients, powers, strict=False) if value]
    return "".join(terms) or "0"


def _statement(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 76, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))


def _comment(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 74, initial_indent="$ ", subsequent_indent="$   "))


def _ranges(pieces: unaries.Segments) -> str:
    low = _number(max(pieces[0][0], unaries.T_MIN_K))
    ends = [f"{expression}; {_number(high)}" for _, high, expression in pieces]
    return f"{low} {' Y '.join(ends)} N !"


def _parameter(phase: str, species: str, pieces: unaries.Segments) -> str:
    return _statement(f"PARAMETER G({phase},{species}) {_ranges(pieces)}")


def _simple(phase: str, species: str, expression: str) -> str:
    return _parameter(phase, species, [(unaries.T_MIN_K, unaries.T_MAX_K, expression)])


def _header() -> list[str]:
    data = unaries.reference_data().SGTE91SER
    lines = ["$ alloyloop thermodynamic database: Cr Hf Mo Nb Ta Ti V W Zr; J/mol, K"]
    lines += ["ELEMENT /- ELECTRON_GAS 0 0 0 !", "ELEMENT VA VACUUM 0 0 0 !"]
    for element in ELEMENTS:
        entry = data[element]
        lines.append(f"ELEMENT {element} {entry['phase']} {entry['mass']} {entry['H298']} {entry['S298']} !")
    lines.append(_comment("Unaries: SGTE91, A. T. Dinsdale, Calphad 15 (1991) 317, last range carried on to 6000 K"))
    for name, pieces in unaries.stable_functions(ELEMENTS).items():
        lines.append(_statement(f"FUNCTION {name} {_ranges(pieces)}"))
    lines.append("TYPE_DEFINITION % SEQ * !")
    return lines


def _solution(phase: str) -> list[str]:
    vacancies = SOLUTIONS[phase]
    tail = ":VA" if vacancies else ""
    lines = [f"PHASE {phase} % {'2 1 ' + vacancies if vacancies else '1 1'} !"]
    lines.append(f"CONSTITUENT {phase} :{','.join(ELEMENTS)}{':VA' if vacancies else ''}: !")
    known = [unaries.ghser_name(element) for element in ELEMENTS]
    for element in ELEMENTS:
        pieces = unaries.lattice_stability(element, phase, known)
        lines.append(_parameter(phase, f"{element}{tail};0", pieces))
    rules = {row["phase"]: row for row in _rows("interaction_rules.csv")}
    origin = rules[phase]["copy_of"] if phase in rules else phase
    if phase in rules:
        lines.append(_comment(f"estimate: {rules[phase]['rule']}"))
    own = {item.species for item in interactions() if item.phase == phase}
    terms = [item for item in interactions() if item.phase == (phase if item.species in own else origin)]
    for term in (*terms, *(item for item in ternary_interactions() if item.phase == phase)):
        # What is copied from another phase is told once, above.
        lines += [term.comment] if term.phase == phase else []
        species = f"{','.join(term.species)}{tail};{term.order}"
        lines.append(_simple(phase, species, _polynomial(term.a, term.b, term.c)))
    return lines


def _laves(phase: str) -> list[str]:
    compounds = {(item.small, item.large): item for item in laves_compounds()}
    smalls = sorted({item.small for item in compounds.values()})
    larges = sorted({item.large for item in compounds.values()})
    lines = [f"PHASE {phase} % 2 2 1 !", f"CONSTITUENT {phase} :{','.join(smalls)}:{','.join(larges)}: !"]
    for small, large in product(smalls, larges):
        reference = f"+2*{unaries.ghser_name(small)}+{unaries.ghser_name(large)}"
        compound = compounds.get((small, large))
        if compound is None:
            lines.append(_comment("estimate: no such compound is reported; 5000 J/mol-atom above its elements"))
            energy = _polynomial(3 * UNSTABLE_PER_ATOM)
        else:
            assessed = laves_polytypes().get((phase, small, large))
            note = _comment(f"{compound.status} ({compound.rule}): {compound.source}")
            lines.append(note if assessed is None else assessed.comment)
            energy = _polynomial(*compound.energy(phase))
        lines.append(_simple(phase, f"{small}:{large};0", energy + reference))
    for (name, small, large), item in laves_polytypes().items():
        if name == phase and "," in large:
            lines += [item.comment, _simple(phase, f"{small}:{large};0", _polynomial(item.a, item.b))]
    return lines


@lru_cache(maxsize=1)
def build_database() -> str:
    """Build the project's database as TDB text; the same text on every call and machine.

    Raises:
        DatabaseError: The data files or ESPEI's reference data are incomplete.
    """
    lines = _header()
    for phase in sorted(SOLUTIONS):
        lines += ["", *_solution(phase)]
    for phase in LAVES:
        lines += ["", *_laves(phase)]
    return "\n".join(lines) + "\n"
