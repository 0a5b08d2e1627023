"""The commented file of a campaign that begins from a table."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from alloys.intake.drafting import Draft
from alloys.intake.guessing import Guess
from alloys.intake.headers import read_header
from alloys.intake.mapping import ColumnName
from alloys.intake.spaces import NO_DESIGNS, SpaceAround

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./%·]*(?: [A-Za-z0-9_./<>=-]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf", "y", "n"}
_LINE = 200


def config_text(draft: Draft, found: Guess, name: str, around: SpaceAround, path: str) -> str:
    """The text of the file.

    Args:
        draft: what it takes from the table.
        found: the table's columns, for what a person may add.
        name: of the campaign.
        around: the space.
        path: the file's own path as a shell takes it, for the commands in its head.
    """
    goal = " and ".join(draft.objectives) or "find any feasible alloy"
    lines = [
        f"# A campaign to {goal}, begun from {_comment(draft.entry.file)} by `alloyloop init`.",
        f"#   alloyloop check {_comment(path)}     names every mistake; docs/reference/config.md explains every key",
        f"#   alloyloop run {_comment(path)}       proposes the next alloys",
        f"name: {scalar(name)}",
        "seed: 0",
        "iterations: 5          # after iteration 0",
        "batch: 4               # alloys that you make and measure in each iteration",
        "physics: generic       # any elements; nothing is expected of a property before its data",
        "",
        *_space(around, len(draft.intake.rows)),
        *_variables(draft),
        "",
        *_properties(draft),
        *_data(draft, found),
        "",
        *_goal(draft),
        "",
        "validator: {name: human}              # you measure; a script or a simulation can answer too",
        _start(draft, around.keys),
        "cluster: {executor: local}            # this computer",
        "tracking: {enabled: false}            # true keeps figures of each iteration in MLflow",
        "",
    ]
    return "\n".join(lines)


def scalar(value: Any) -> str:
    """A value in YAML, on one line.

    >>> [scalar(value) for value in ("HV", "Al (at.%)", "no", 25.0, [0.01, "x: y"], {"a b": 1})]
    ['HV', '"Al (at.%)"', '"no"', '25', '[0.01, "x: y"]', '{a b: 1}']
    """
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"{value:.10g}" if value != int(value) or abs(value) >= 1e15 else str(int(value))
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(scalar, value)) + "]"


def _comment(text: object) -> str:
    """A text that stays in its comment."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:_LINE]


def _space(around: SpaceAround, rows: int) -> list[str]:
    space = around.keys
    others = {s: n for s, n in sorted(around.seen.items(), key=lambda item: -item[1]) if s not in space["elements"]}
    unit = "weight" if space.get("basis") == "wt" else "atomic"
    lines = ["space:", *(f"  # {line}: {NO_DESIGNS}" for line in around.outside)]
    if around.balanced is not None:
        return [*lines, *_formulas(space, around.balanced)]
    lines.append(f"  elements: {scalar(space['elements'])}")
    if others:
        rare = ", ".join(f"{symbol} ({count})" for symbol, count in others.items())
        lines.append(_comment(f"  # seldom in the {rows} rows, and so left out: {rare}"))
    if "basis" in space:
        lines.append("  basis: wt            # bounds, steps and rules are weight fractions")
    lines += [
        f"  step: {scalar(space['step']):<15} # {unit} fraction",
        f"  count: {scalar(space['count']):<14} # least and most elements",
        f"  lower: {scalar(space['lower'])}",
        f"  upper: {scalar(space['upper'])}",
        "  bounds:              # of an element that is present: from the table, with a margin",
        *(f"    {symbol}: {scalar(pair)}" for symbol, pair in space["bounds"].items()),
    ]
    if "balance" in space:
        lines.append(f"  balance: {space['balance']}          # takes what the others leave")
    if "steps" in space:
        lines.append(f"  steps: {scalar(space['steps'])}   # finer, of minor additions")
    return [*lines, '  # rules: ["x_A + x_B <= 0.3"]   # linear in amounts, with symbols of your elements']


def _formulas(space: Mapping[str, Any], balanced: float) -> list[str]:
    """The keys of a space of formulas."""
    share = f"{balanced:.0%} of the rows are neutral and balanced"
    return [
        "  kind: formula        # whole numbers of atoms",
        f"  elements: {scalar(space['elements'])}",
        f"  most_atoms: {scalar(space['most_atoms']):<9} # of one element",
        f"  elements_count: {scalar(space['elements_count'])}",
        f"  charges: {space['charges']:<12} # balanced, neutral or any: {share}",
    ]


def _variables(draft: Draft) -> list[str]:
    """What was done to the alloys: a variable that should not be one is taken out here and below `data`."""
    if not draft.variables:
        return []
    lines = [
        "  variables:           # beside the composition, with the values of the table; yours to widen or to take out"
    ]
    for name, spec in draft.variables.items():
        plain = set(spec) == {"values"}
        lines.append(f"    {scalar(name)}: {scalar(spec['values'] if plain else spec)}")
    return lines


def _properties(draft: Draft) -> list[str]:
    if not draft.properties:
        return []
    lines = ["properties:"]
    for name, own in draft.properties.items():
        lines.append(f"  {scalar(name)}:")
        for key, value in own.items():
            lines.append(f"    {key}: {scalar(value)}{_why(key, draft, name)}")
    lines += [_comment(f"  # {name}: {scalar(own)}") for name, (_, own) in draft.others.items()]
    return [*lines, ""]


def _why(key: str, draft: Draft, name: str) -> str:
    column = draft.columns[name]
    return {
        "unit": "   # assumed: the header names none" if column.assumed or not column.unit else "",
        "range": "   # what can be true at all; values outside of it are refused",
        "usual": "   # what about two alloys of three have",
        "scatter": "   # standard deviation of repeated measurements, from the table's repeats",
    }.get(key, "")


def _data(draft: Draft, found: Guess) -> list[str]:
    entry = draft.entry
    lines = ["data:", f"  - file: {scalar(entry.file)}"]
    if entry.sheet is not None:
        lines.append(f"    sheet: {scalar(entry.sheet)}")
    if entry.formula is not None:
        lines.append(f"    formula: {scalar(entry.formula)}")
    else:
        lines += ["    elements:", *(f"      {s}: {scalar(column)}" for s, column in entry.elements.items())]
    assumed = "; ".join(found.amounts.assumed) if found.amounts else ""
    lines.append(f"    basis: {scalar(entry.basis)}" + (f"   # assumed: {_comment(assumed)}" if assumed else ""))
    if entry.balance is not None:
        lines.append(f"    balance: {entry.balance}")
    if entry.variables:
        lines += ["    variables:", *(f"      {scalar(n)}: {scalar(column)}" for n, column in entry.variables.items())]
    lines.append("    properties:")
    for name, each in entry.properties.items():
        lines.append(f"      {scalar(name)}: {scalar(each.model_dump(exclude_none=True))}")
    for name, (column, own) in draft.others.items():
        lines.append(_comment(f"      # {name}: {scalar({'column': column.name, 'unit': own['unit']})}"))
    return [*lines, *_where(draft, found), *_source(entry.source)]


def _where(draft: Draft, found: Guess) -> list[str]:
    lines = ["    where:              # only rows with these cells; leave it out to read all"] if draft.fixed else []
    for name, _, others in draft.fixed:
        lines.append(f"      {scalar(name)}: {scalar(draft.entry.where[name])}   # {others} rows have something else")
    used = {*draft.entry.where, *draft.entry.variables.values()}
    for column in found.of_kind("process", "condition", "category", "structure"):
        cells = [cell for cell in dict.fromkeys(column.profile.cells) if cell]
        if column.name not in used and 1 < len(cells) <= 12 and not read_header(column.name).unit:
            head = "    # where: " if not draft.fixed else "      # "
            lines.append(_comment(f"{head}{scalar({column.name: cells})[1:-1]}"))
    return lines


def _source(source: str | ColumnName) -> list[str]:
    given = source if isinstance(source, str) else source.model_dump()
    return [f"    source: {scalar(given)}"] if given else ['    # source: "10.1000/where-it-was-published"']


def _start(draft: Draft, space: Mapping[str, Any]) -> str:
    """How many alloys fill the space before the first proposal: as few as a proposal needs."""
    known: defaultdict[Any, set[str]] = defaultdict(set)
    for row in draft.intake.rows:
        if set(row.design.composition.elements) <= set(space["elements"]):
            known[row.design].update(row.values)
    complete = sum(names >= set(draft.columns) for names in known.values())
    lacking = max(8, 2 * len(space["elements"])) - complete
    if lacking <= 0:
        return "start: {from_table: 0}                # the table is enough to begin with a proposal"
    return (
        f"start: {{validate: {lacking}, from_table: 0}}   # the table has few rows: so many alloys fill the space first"
    )


def _goal(draft: Draft) -> list[str]:
    objectives = [f"  - {text}" for text in draft.objectives]
    lines = ["objectives:", *objectives] if objectives else ["objectives: []   # any alloy that keeps the constraints"]
    if draft.constraints:
        return [*lines, "constraints:", *(f"  - {text}" for text in draft.constraints)]
    return [*lines, "# constraints:", "#   - density <= 8   # g/cm3; follows from the composition"]
