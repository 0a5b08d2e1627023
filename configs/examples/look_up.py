"""A table that answers: the value that a file has for the formula that is asked for, whatever order it writes it in.

As a command: look_up.py FILE COLUMN PROPERTY UNIT, where the column of the file has the values of the property.
"""

import csv
import json
import re
import sys
from math import gcd

path, column, answer, unit = sys.argv[1:]


def reduced(atoms):
    """Numbers of atoms without a common divisor."""
    divisor = gcd(*atoms.values())
    return {symbol: count // divisor for symbol, count in atoms.items()}


def is_asked(formula, shares):
    """Whether a formula of plain symbols and numbers, such as Fe2O3, is the composition that is asked for."""
    atoms = {}
    for symbol, count in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        atoms[symbol] = atoms.get(symbol, 0) + int(count or 1)
    total = sum(atoms.values())
    return set(atoms) == set(shares) and all(abs(atoms[s] / total - share) < 1e-6 for s, share in shares.items())


request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
with open(path, newline="", encoding="utf-8") as stream:
    found = [float(row[column]) for row in csv.DictReader(stream) if is_asked(row["formula"], request["composition"])]
if found:
    verdict["properties"] = {answer: {"value": sum(found) / len(found), "unit": unit}}
else:
    verdict["failure"] = {"class": "physics", "message": f"{path} has no {request['formula']}"}
verdict["provenance"] = {"method": f"looked up in {path}"}
json.dump(verdict, sys.stdout)
