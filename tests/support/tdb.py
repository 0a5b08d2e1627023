"""A small thermodynamic database, and the same in spellings that people's files have."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.ideal import IDEAL_TDB

IDEAL = IDEAL_TDB.replace(
    "FUNCTION GHSERNB 298.15 -8500+142*T-26.5*T*LN(T); 6000 N !",
    "FUNCTION GHSERNB 298.15 -8500+142*T-26.5*T*LN(T); 2750 Y\n  -8500+142*T-26.5*T*LN(T); 6000 N !",
)
"""The ideal mixture with one function in two ranges; for tests of reading alone."""

_SHORT = {
    "ELEMENT": "ELEM", "FUNCTION": "FUN", "TYPE_DEFINITION": "TYPE_DEF", "CONSTITUENT": "CONST", "PARAMETER": "PARA",
}  # fmt: skip
_PROSE = (
    "DATABASE_INFO 'First part.'\n 'PHASES: two' !\nDATABASE_INFO more of it !\nFTP_FILE FOP_UNARY !\n"
    "TEMPERATURE_LIMITS 298.15 6000 !\nDEFAULT_COMMAND DEFINE_SYSTEM_ELEMENT VA /- !\n"
    "DEFINE_SYSTEM_DEFAULT ELEMENT 2 !\n"
    "ASSESSED_SYSTEMS NB-W(;G5 MAJ:BCC_A2/NB:VA) !\nVERSION_DATE 2026-11-01 !\n"
)


def _shortened(text: str) -> str:
    for long, short in _SHORT.items():
        text = text.replace(f"{long} ", f"{short} ")
    return text


def _many_terms(text: str) -> str:
    return text.replace("+27500-10*T", "+27500" + "-0.005*T" * 2000 + "+1E-3" * 500 + "-1.0E-3" * 500)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "line ends of old Macs": lambda text: text.replace("\n", "\r"),
    "tabs": lambda text: text.replace(" ", "\t"),
    "blanks that do not break, and a mark of order": lambda text: "\ufeff" + text.replace("  ", "\xa0\u2009"),
    "the sign that ended files of DOS": lambda text: text + "\x1a",
    "typographic minus signs": lambda text: text.replace("-8500", "\u22128500").replace("-10*T", "\u201310*T"),
    "lower case": str.lower,
    "abbreviated commands": _shortened,
    "hyphens in commands": lambda text: text.replace("TYPE_DEFINITION", "TYPE-DEF"),
    "remarks everywhere": lambda text: text.replace("\n", " $ remark ! of a person\n"),
    "remarks after the end": lambda text: text.replace("!\n", "! remark\n"),
    "commands on one line": lambda text: text.replace("!\n", "! ").replace("ideal in bcc and liquid", "ideal\n"),
    "prose between commands": lambda text: _PROSE + text + "LIST_OF_REFERENCES\nNUMBER SOURCE\n REF1 'Somebody' !\n",
    "no end at the end": lambda text: text.rstrip("!\n"),
    "exponents of Fortran": lambda text: text.replace("27500", "2.75D4").replace("-8500", "-8.5d+03"),
    "a blank in an exponent": lambda text: text.replace("27500", "2.75E 04").replace("36950", "3.695E +4"),
    "hash marks": lambda text: text.replace("+GHSERNB", "+GHSERNB#"),
    "references": lambda text: text.replace("6000 N !", "6000 N REF: 12 'Somebody 1991' !"),
    "limits left out": lambda text: text.replace("; 6000 N", "; , N"),
    "major constituents": lambda text: text.replace(":NB,W", ":NB%,W%"),
    "remarks in constituents": lambda text: text.replace(": !", ": > as published !"),
    "no colon at the end": lambda text: text.replace(":NB,W: !", ":NB,W !"),
    "no blank before the colon": lambda text: text.replace("LIQUID :NB,W", "LIQUID:NB,W"),
    "an option of the phase": lambda text: text.replace("E LIQUID", "E LIQUID:L").replace("G(LIQUID", "G(LIQUID:L"),
    "no vacuum": lambda text: text.replace("ELEMENT VA   VACUUM        0.0 0.0 0.0 !\n", ""),
    "elements without numbers": lambda text: text.replace("VACUUM        0.0 0.0 0.0", "VACUUM"),
    "phases before elements": lambda text: text[text.index("PHASE LIQUID") :] + text[: text.index("PHASE LIQUID")],
    "the same function twice": lambda text: text + "FUNCTION GHSERW 298.15 -7600+130*T-24.1*T*LN(T); 6000 N !\n",
    "names cut after eight": lambda text: text.replace("GHSERNB ", "GHSERNB_LONG ").replace("+GHSERNB", "+GHSERNB_L"),
    "names of phases cut": lambda text: text.replace("G(LIQUID,W", "G(LIQ,W").replace("G(BCC_A2,W", "G(BCC,W"),
    "three thousand terms": _many_terms,
    "amendments that change no energy": lambda text: text.replace(
        "SEQ * !\n", "SEQ * !\nTYPE_DEFINITION & GES A_P_D BCC_A2 COMP_SETS,,,NB:VA !\n"
        "TYPE_DEFINITION ' IF (NB) THEN GES A_P_D BCC_A2 MAJ 1 NB:VA: !\n",
    ),
}  # fmt: skip
"""What somebody sees to how it is made of a text; each says the same as the text."""
