"""Databases of two elements that mix ideally, with faults that people reported; melting has a closed form."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from random import Random
from typing import Any

from tests.support.fuzz.reports.base import Planted, right
from tests.support.fuzz.targets import ACCEPTED, BROKEN, REFUSED, Outcome, command, told
from tests.support.ideal import melting_of

NEAR_K = 1.0
Fusion = dict[str, tuple[float, float]]
ELEMENTS = ("Cr", "Mo", "Nb", "Ta", "V", "W")
SOUND = (
    "plain", "ordered", "ordered, no order", "ordered, never disordered, no order", "ordered, lacks an element",
    "twice", "interstitial", "phase of nothing",
)  # fmt: skip
"""Databases that answer as the ideal mixture does."""
FAULTY = (
    "no end-member", "comma for semicolon", "element without the phase", "ordered, disordered part lacks an element",
    "ordered, other interstitials", "lattice without an element", "sublattice for constituent", "letters changed about",
    "comma in a number", "first order",
)  # fmt: skip
ORDERED = """TYPE_DEFINITION & GES A_P_D BCC_B2 DIS_PART BCC_A2 !
PHASE BCC_B2 %& 3 0.5 0.5 3 !
CONSTITUENT BCC_B2 :{a},{b} : {a},{b} : VA: !
PARAMETER G(BCC_B2,{a}:{a}:VA;0) 298.15 0; 6000 N !
PARAMETER G(BCC_B2,{b}:{b}:VA;0) 298.15 0; 6000 N !
PARAMETER G(BCC_B2,{a}:{b}:VA;0) 298.15 {order}; 6000 N !
PARAMETER G(BCC_B2,{b}:{a}:VA;0) 298.15 {order}; 6000 N !"""
LATTICE = """PHASE HCP_A3 % 2 1 0.5 !
CONSTITUENT HCP_A3 :{a},{b}:VA: !
"""
CARBON = """PARAMETER G(BCC_A2,{a}:C;0) 298.15 +300000; 6000 N !
PARAMETER G(BCC_A2,{b}:C;0) 298.15 +300000; 6000 N !
PARAMETER G(BCC_A2,{a},{b}:C;0) 298.15 {carbide}; 6000 N !"""


def fusions(rng: Random) -> Fusion:
    """Two elements in order, each with its enthalpy, J/mol, and entropy, J/(mol K), of fusion."""
    points = [rng.uniform(1600, 2400), rng.uniform(2600, 3600)]
    rng.shuffle(points)
    return {name: (10.0 * point, 10.0) for name, point in zip(sorted(rng.sample(ELEMENTS, 2)), points, strict=True)}


def database(fusion: Fusion, extra: str = "", interstitials: str = "VA") -> str:
    """The database, perhaps with more commands at its end and an interstitial beside the vacancies."""
    names = [symbol.upper() for symbol in fusion]
    both = ",".join(names)
    lines = ["ELEMENT /- ELECTRON_GAS 0.0 0.0 0.0 !", "ELEMENT VA VACUUM 0.0 0.0 0.0 !"]
    lines += [f"ELEMENT {name} BCC_A2 92.906 5220.0 36.27 !" for name in names]
    lines += ["ELEMENT C GRAPHITE 12.011 1054.0 5.7423 !"] if interstitials != "VA" else []
    lines += [f"FUNCTION GHSER{name} 298.15 -8500+142*T-26.5*T*LN(T); 6000 N !" for name in names]
    lines += ["TYPE_DEFINITION % SEQ * !", "PHASE LIQUID % 1 1.0 !", f"CONSTITUENT LIQUID :{both}: !"]
    for name, (h, s) in zip(names, fusion.values(), strict=True):
        lines.append(f"PARAMETER G(LIQUID,{name};0) 298.15 +GHSER{name}+{h:.3f}-{s:g}*T; 6000 N !")
    lines += ["PHASE BCC_A2 % 2 1 3 !", f"CONSTITUENT BCC_A2 :{both} : {interstitials}: !"]
    lines += [f"PARAMETER G(BCC_A2,{name}:VA;0) 298.15 +GHSER{name}; 6000 N !" for name in names]
    return "\n".join([*lines, extra.format(a=names[0], b=names[-1])])


class Melting(Planted):
    """The solidus of an alloy as a campaign's validator answers it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        import validation.calphad.validator  # noqa: F401  children of this process need not import it again

    def ask(self, rng: Random) -> bool:
        """One database, one alloy."""
        fusion, kind = fusions(rng), rng.choice(SOUND + FAULTY)
        a, b = fusion
        percent = rng.randint(10, 90)
        order = "0" if kind.endswith("no order") else f"{rng.uniform(-2000, -10):.0f}"
        extra = ""
        if kind.startswith("ordered"):
            extra = _ordered(kind, order)
        elif kind == "interstitial":
            extra = CARBON.replace("{carbide}", "-50000")
        elif kind in ("phase of nothing", "lattice without an element"):
            given = "" if kind in SOUND else f"PARAMETER G(HCP_A3,{{{rng.choice('ab')}}}:VA;0) 298.15 -900; 6000 N !"
            extra = LATTICE + given
        text = _spoiled(rng, database(fusion, extra, "C,VA" if kind == "interstitial" else "VA"), kind)
        path = self.folder / "case.tdb"
        path.write_text(text, encoding="utf-8")
        outcome, message = _solidus(path, f"{a}{percent}{b}{100 - percent}", (a, b))
        case = f"{kind}, {a}{percent}{b}{100 - percent}: {outcome}: {message}\n{text}"
        if outcome == REFUSED:
            right(kind in FAULTY, case)
            return False
        right(outcome == ACCEPTED and kind in SOUND, case)
        solidus, _ = melting_of(fusion, {a: percent / 100, b: 1 - percent / 100})
        right(abs(float(message) - solidus) < NEAR_K, f"the solidus is {solidus} K; {case}")
        return True


def _ordered(kind: str, order: str) -> str:
    """An ordered phase beside the disordered one, with the fault of its kind."""
    text = ORDERED.replace("{order}", order)
    if "never" in kind:
        text = text.replace("DIS_PART", "NEVER_DISORDER")
    if "ordered, lacks" in kind:
        lines = text.replace(":{a},{b} : {a},{b} :", ":{a} : {a} :").splitlines()
        text = "\n".join(line for line in lines if "PARAMETER" not in line or "{b}" not in line)
    return text.replace("0.5 0.5 3", "1 1 3") if "interstitials" in kind else text


SLIPS = {
    "comma for semicolon": ("; 6000", ", 6000"),
    "letters changed about": ("PARAMETER G(LIQUID", "PARAMETER G(LIQIUD"),
    "comma in a number": ("298.15 +", "298.15 +1,5+"),
    "first order": (";0)", ";1)"),
}


def _spoiled(rng: Random, text: str, kind: str) -> str:
    """A database with the fault of its kind."""
    lines = text.splitlines()
    phase = {"letters changed about": "LIQUID", "ordered, disordered part lacks an element": "BCC_A2"}.get(
        kind, rng.choice(("LIQUID", "BCC_A2"))
    )
    place = rng.choice([i for i, line in enumerate(lines) if f"G({phase}," in line and ":C" not in line])
    if kind == "no end-member":
        del lines[place]
    elif kind in SLIPS:
        lines[place] = lines[place].replace(*SLIPS[kind])
    elif kind == "sublattice for constituent":
        both = text.split("CONSTITUENT LIQUID :")[1].split(":")[0]
        lines.append(f"PARAMETER L(LIQUID,{both.replace(',', ':')};0) 298.15 +9000; 6000 N !")
    elif "part lacks" in kind or kind == "element without the phase":
        name = lines[place].split(",")[1].split(":")[0].split(";")[0]
        lines = [line for line in lines if f"G({phase},{name}" not in line]
        lines = [
            line.replace(f"{name},", "").replace(f",{name}", "") if f"CONSTITUENT {phase}" in line else line
            for line in lines
        ]
    elif kind == "twice":
        lines.insert(place, lines[place])
    return "\n".join(lines)


def _solidus(path: Path, formula: str, elements: tuple[str, ...]) -> Outcome:
    """The solidus in K, as text."""
    from alloys.design import Design
    from alloys.records import Failed
    from validation.registry import make_validator

    warnings.simplefilter("ignore")
    try:
        validator = make_validator("calphad", {"tdb": str(path), "quantities": {"solidus": {"melting": "solidus"}}})
        validator.check(elements)
    except Exception as error:
        return told(error)
    verdict = validator.validate(Design.parse(formula))
    if isinstance(verdict, Failed):
        return BROKEN, f"passes the check, and then the alloy fails: {verdict.message}"
    return ACCEPTED, str(verdict.properties["solidus"].value)


class Energies(Planted):
    """``alloyloop tdb fit``: the fitted term is that of the energies, and every other parameter is as it was."""

    def ask(self, rng: Random) -> bool:
        """One pair, a regular solution."""
        fusion = fusions(rng)
        a, b = fusion
        sites = rng.choice((1, 2))
        before, after = (float(rng.randint(-20000, 20000)) for _ in range(2))
        extra = CARBON.replace("{carbide}", str(rng.randint(-60000, 60000)))
        extra += f"\nPARAMETER G(BCC_A2,{{a}},{{b}}:VA;0) 298.15 {sites}*{before:+.0f}; 6000 N !"
        tdb, energies, out = (self.folder / name for name in ("case.tdb", "energies.csv", "out.tdb"))
        text = database(fusion, extra, "C,VA").replace("PHASE BCC_A2 % 2 1 3", f"PHASE BCC_A2 % 2 {sites} {3 * sites}")
        tdb.write_text(text, encoding="utf-8")
        shares = sorted(rng.sample(range(5, 96), rng.randint(3, 6)))
        rows = [f"{a}{100 - x}{b}{x},{after * x * (100 - x) / 1e7:.6f}" for x in shares]
        energies.write_text("\n".join(["formula,mixing_energy", *rows, ""]), encoding="utf-8")
        words = ("tdb", "fit", f"{a}-{b}", str(energies), "--tdb", str(tdb), "--out", str(out), "--liquid", "keep")
        outcome, message = command(*words)
        right(outcome == ACCEPTED, f"{message}\n{tdb.read_text()}")
        given, fitted = (_parameters(path) for path in (tdb, out))
        pair = f"{a.upper()},{b.upper()}:VA"
        mixing = "BCC_A2", pair, 0
        higher = [key for key in fitted if key[1] == pair and key[2]]  # of what the table's cells are rounded by
        right(all(abs(fitted.pop(key)) < sites for key in higher), f"{json.dumps(rows)}: {after} became {fitted}")
        got = fitted.pop(mixing) / sites
        right(abs(got - after) < 0.01 * abs(after) + 20, f"{json.dumps(rows)}: {after} is {got}; {fitted}")
        right(given.pop(mixing) == sites * before and given == fitted, f"{given} became {fitted}")
        return True


def _parameters(path: Path) -> dict[tuple[str, str, int], Any]:
    """Every parameter's value at 1000 K, J/mol, by phase, constituents and order."""
    from pycalphad import Database
    from pycalphad import variables as v

    read, found = Database(str(path)), {}
    for row in read._parameters.all():
        sites = ":".join(",".join(sorted(map(str, site))) for site in row["constituent_array"])
        value = row["parameter"]
        while named := {s for s in value.free_symbols if str(s) in read.symbols}:
            value = value.subs({s: read.symbols[str(s)] for s in named})
        found[row["phase_name"], sites, row["parameter_order"]] = round(float(value.subs({v.T: 1000.0})), 3)
    return found
