"""Commands as pycalphad's parser wants them: spellings that people's files have, mended."""

from __future__ import annotations

import re
from collections.abc import Callable

from validation.calphad.reading.commands import Command

MOST_TERMS = 200
"""Terms of a sum that are written without brackets; Python's parser goes as deep as there are terms."""
_EXPONENT = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?|\.\d+)[ED] *([-+]?) *(\d+)(?![\w.])")
_FUNCTIONS = re.compile(r"\b(SQRT|ABS)(?=\s*\()")
_TAIL = re.compile(r"(;[\s,]*+(?:[-+]?[\d.]++(?:E[-+]?\d++)?+)?+[\s,]*+N)\b[^;]*+$")
_BEFORE = re.compile(r"[\s,]*+(?:[\d.]++(?:E[-+]?\d++)?+)?+\s*+Y?")
_HEAD = re.compile(r"(\w+\s*\(\s*[^,&():]+)(:\w+)?\s*([,&][^)]*\))(.*)", re.DOTALL)
_LAST_COMMA = re.compile(r",(?=\s*(?::|$))")
_TERM = re.compile(r"(?<=[^-+*/(,;E\s])\s*(?=[-+])|(?<=[^\d.]E)\s*(?=[-+])")


def mended(command: Command) -> str:
    """The whole command, keyword and all, in a spelling that pycalphad reads."""
    mend = _MENDS.get(command.keyword)
    body = mend(command.body) if mend else command.body
    return f"{command.keyword.removeprefix('ADD_')} {body}"


def expression(text: str) -> str:
    """An expression with its temperatures: Fortran's exponents, names of functions, long sums and remarks after it."""
    plain = _FUNCTIONS.sub(lambda found: found.group(1).lower(), _EXPONENT.sub(r"\1E\2\3", text))
    plain = _TAIL.sub(r"\1", plain)
    return ";".join(_grouped(part) for part in plain.split(";"))


def _grouped(text: str) -> str:
    """A sum of very many terms as a sum of shorter ones in brackets."""
    if text.count("+") + text.count("-") < MOST_TERMS:
        return text
    begin = _BEFORE.match(text)
    head = begin.group(0) if begin else ""
    terms = _top_terms(text[len(head) :])
    while len(terms) > MOST_TERMS:
        terms = [f"+({''.join(terms[i : i + MOST_TERMS])})" for i in range(0, len(terms), MOST_TERMS)]
    return head + "".join(terms)


def _top_terms(text: str) -> list[str]:
    """The terms of a sum, each with its sign; those inside brackets stay together."""
    terms, depth = [""], 0
    for piece in _TERM.split(text):
        terms[-1:] = [terms[-1] + piece] if depth else [terms[-1], piece]
        depth += piece.count("(") - piece.count(")")
    return terms


def _function(body: str) -> str:
    name, _, rest = body.partition(" ")
    return f"{name} {expression(rest)}"


def _parameter(body: str) -> str:
    head = _HEAD.match(body)
    return f"{head.group(1)}{head.group(3)} {expression(head.group(4))}" if head else body


def _element(body: str) -> str:
    """Name, reference phase, mass, enthalpy and entropy; what is not given is 0."""
    given = _EXPONENT.sub(r"\1E\2\3", body).split()
    name, phase, *numbers = [*given[:5], *["", "BLANK", "0.0", "0.0", "0.0"][len(given) :]]
    return " ".join([name, re.sub(r"[^A-Z0-9_:()/-]", "", phase) or "BLANK", *numbers])


def _species(body: str) -> str:
    swapped = re.sub(r"/(\d+)([-+])\s*$", r"/\2\1", body)
    return re.sub(r"/([-+])\s*$", r"/\g<1>1", swapped)


def _constituent(body: str) -> str:
    """The name, a blank, and sublattices between colons."""
    name = re.match(r"([^\s:]+)(:[A-Z]+(?=\s+:))?\s*", body.split(">", 1)[0])
    if name is None:
        return body
    sites = _LAST_COMMA.sub("", body.split(">", 1)[0][name.end() :].strip().strip(":"))
    return f"{name.group(1)}{name.group(2) or ''} :{sites}:"


def _phase(body: str) -> str:
    return _EXPONENT.sub(r"\1E\2\3", body)


def _type_definition(body: str) -> str:
    return body.replace(",", " ")


_MENDS: dict[str, Callable[[str], str]] = {
    "FUNCTION": _function,
    "PARAMETER": _parameter,
    "ELEMENT": _element,
    "SPECIES": _species,
    "CONSTITUENT": _constituent,
    "ADD_CONSTITUENT": _constituent,
    "PHASE": _phase,
    "TYPE_DEFINITION": _type_definition,
}
