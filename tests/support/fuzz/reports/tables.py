"""Plain tables with odd cells, blank lines and doubled columns: which rows must be there, and which lines named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from alloys.errors import InputError
from tests.support.fuzz.reports.base import Planted, right

ODD = ("n/a", "<0.1", ">5", "?", "~3", "NA", "1.2.3", "3 (2)", "±", "see text", "#REF!", "0,5 to 0,7", "1O")
"""Cells that are no number."""
NOTHING = ("n/a", "?", "NA", "see text", "#REF!", "1O")
"""Of those, the cells that no reader finds a number in; a campaign's data takes some of the others."""
LINE = re.compile(r"\bline (\d+)")
ELEMENTS = ("Nb", "Ta", "W")
Numbers = list[tuple[float, ...]]
Read = Callable[[Path], tuple[Numbers, str]]
"""Gives the numbers of the rows that a reader took, and what it tells of the others."""


@dataclass
class Written:
    """A table, and what is right of it.

    Attributes:
        text: the file.
        rows: the numbers of its good rows, in order.
        odd: lines of rows with an odd cell.
        doubled: the name of two columns, or empty.
    """

    text: str
    rows: Numbers
    odd: list[int]
    doubled: str = ""


def written(
    rng: Random,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    odd_columns: Sequence[int],
    words: Sequence[str] = ODD,
) -> Written:
    """A table as people save it: blank lines, lines of commas, quoted breaks, perhaps odd cells or a doubled column.

    Args:
        rng: of the case.
        header: names of the columns.
        rows: cells of all rows; the numbers of a row are those of ``odd_columns``.
        odd_columns: places of columns of numbers, in which odd cells may stand.
        words: such cells.
    """
    names, doubled = list(header), ""
    if rng.random() < 0.08:
        one, other = rng.sample(range(len(names)), 2)
        doubled = names[one]
        names[other] = rng.choice(("{}", " {}", "{} ")).format(doubled)
    end = rng.choice(("\n", "\r\n"))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=end)
    writer.writerow(names)
    good, odd = list[tuple[float, ...]](), list[int]()
    few = rng.choice((0.0, 0.05, 0.15))
    for row in rows:
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            stream.write(rng.choice(("", "," * (len(names) - 1), "  ")) + end)
        line = stream.getvalue().count("\n") + 1
        cells = list(row)
        bad = [place for place in odd_columns if rng.random() < few / len(odd_columns)]
        for place in bad:
            cells[place] = rng.choice(words)
        if bad:
            odd.append(line)
        else:
            good.append(tuple(float(row[place]) for place in odd_columns))
        writer.writerow(cells)
    return Written(stream.getvalue(), good, odd, doubled)


class Cells(Planted):
    """The readers of tables: pools of a replay and other files beside them, measurements, alloys that generators and
    models are tried on, lists of candidates, a campaign's data, points.
    """

    def ask(self, rng: Random) -> bool:
        """One table for one reader."""
        kinds = (_pool, _foreign, _amounts, _measurements, _labelled, _tried, _listed, _mapped, _points)
        read, table = rng.choice(kinds)(rng)
        path = self.folder / "table.csv"
        path.write_bytes(table.text.encode())
        try:
            rows, notes = read(path)
        except InputError as error:
            return _refused(str(error), table)
        right(not table.doubled, f"two columns named {table.doubled!r} were read:\n{table.text}")
        right(sorted(rows) == sorted(table.rows), f"read {rows}, and there is {table.rows}:\n{table.text}")
        named = [int(line) for line in LINE.findall(notes)]
        right(set(named) <= set(table.odd), f"lines {named} are told of, odd are {table.odd}: {notes}\n{table.text}")
        right(bool(named) or not table.odd, f"odd lines {table.odd} are not told of: {notes!r}\n{table.text}")
        return True


def _refused(message: str, table: Written) -> bool:
    """Whether a refusal is right: it names the doubled column, or lines that are odd and no other."""
    if table.doubled:
        right(table.doubled in message, f"{message}\n{table.text}")
        return False
    named = {int(line) for line in LINE.findall(message)}
    right(bool(named) and named <= set(table.odd), f"odd are lines {table.odd}: {message}\n{table.text}")
    return False


def _number(rng: Random) -> str:
    return f"{rng.uniform(0.5, 99):.{rng.randint(1, 4)}f}"


def _pool(rng: Random) -> tuple[Read, Written]:
    """Inputs that are plain numbers, and an answer."""
    from loop.replay.pool import read_pool

    names = [*rng.sample(("pressure", "speed", "time", "gap", "dose"), rng.randint(2, 4)), "answer_y"]
    rows = [[_number(rng) for _ in names] for _ in range(rng.randint(20, 30))]

    def read(path: Path) -> tuple[Numbers, str]:
        pool = read_pool(path, "answer_y")
        values = [[float(design.values[name]) for name in names[:-1]] for design in pool.space.designs]
        found = [(*row, float(answer)) for row, answer in zip(values, pool.values, strict=True)]
        return found, "; ".join(pool.notes)

    return read, written(rng, names, rows, range(len(names)))


def _foreign(rng: Random) -> tuple[Read, Written]:
    """The other file of a replay, whose list has the same inputs."""
    from loop.replay.pool import read_foreign, read_pool

    names = ["pressure", "speed", "answer_y"]
    rows = [[_number(rng) for _ in names] for _ in range(rng.randint(12, 20))]

    def read(path: Path) -> tuple[Numbers, str]:
        own = path.with_name("own.csv")
        own.write_text("\n".join([",".join(names), *(f"{i},{i * i % 7},{i}" for i in range(12))]), "utf-8")
        found = read_foreign(read_pool(own, "answer_y"), path)
        assert found.foreign is not None
        told = zip(found.foreign.designs, *found.foreign.values.values(), strict=True)
        return [(*map(float, design.values.values()), float(answer)) for design, answer in told], "; ".join(found.notes)

    return read, written(rng, names, rows, range(len(names)))


def _amounts(rng: Random) -> tuple[Read, Written]:
    """Amounts of three elements, the first perhaps as the rest, and an answer."""
    from loop.replay.pool import read_pool

    rest, rows = rng.random() < 0.5, list[list[str]]()
    while len(rows) < 20:
        ta, w = rng.randint(5, 45), rng.randint(5, 45)
        cells = [str(100 - ta - w), str(ta), str(w), _number(rng)]
        if cells[:3] not in [row[:3] for row in rows]:
            rows.append(cells)
    table = written(rng, (*ELEMENTS, "answer_y"), rows, range(4))
    if rest:
        word = rng.choice(("bal.", "Bal", "balance", "rest"))
        lines = table.text.splitlines(keepends=True)
        table.text = lines[0] + "".join(re.sub(r"^\d+,", f"{word},", line) for line in lines[1:])

    def read(path: Path) -> tuple[Numbers, str]:
        pool = read_pool(path, "answer_y")
        found = []
        for design, answer in zip(pool.space.designs, pool.values, strict=True):
            parts = design.composition.fractions()
            found.append((*(float(round(100 * parts[s], 6)) for s in ELEMENTS), float(answer)))
        return found, "; ".join(pool.notes)

    return read, table


def _formulas(rng: Random, count: int) -> list[str]:
    """Different formulas of the three elements."""
    found: dict[str, None] = {}
    while len(found) < count:
        ta, w = rng.randint(5, 45), rng.randint(5, 45)
        found[f"Nb{100 - ta - w}Ta{ta}W{w}"] = None
    return list(found)


def _measurements(rng: Random) -> tuple[Read, Written]:
    """A table of measurements, which one odd cell keeps out whole."""
    from alloys.dataset import read_measurements

    rows = [[f, f"{rng.uniform(6, 18):.3f}", f"{rng.uniform(60, 150):.2f}"] for f in _formulas(rng, 12)]

    def read(path: Path) -> tuple[Numbers, str]:
        return [(row.values["density"], row.values["shear_modulus"]) for row in read_measurements(path)], ""

    return read, written(rng, ("formula", "density", "shear_modulus"), rows, (1, 2))


def _labelled(rng: Random) -> tuple[Read, Written]:
    """Amounts of elements for generators, which one odd cell keeps out whole."""
    from generators.evaluation.table import read_table

    rows = [[f"{rng.uniform(1, 40):.2f}" for _ in ELEMENTS] for _ in range(12)]

    def read(path: Path) -> tuple[Numbers, str]:
        return [tuple(values[name] for name in ELEMENTS) for _, values in read_table(path)], ""

    return read, written(rng, ELEMENTS, rows, range(3))


def _tried(rng: Random) -> tuple[Read, Written]:
    """Alloys that models are tried on."""
    from loop.trials.table import read_trial_table

    rows = [[formula, f"{rng.uniform(6, 18):.3f}", str(2000 + i)] for i, formula in enumerate(_formulas(rng, 40))]

    def read(path: Path) -> tuple[Numbers, str]:
        found = read_trial_table(path, ["rho"])
        known = [float(value) for value in found.values["rho"] if value == value]
        return [(value,) for value in known], "; ".join(found.notes)

    return read, written(rng, ("formula", "rho", "year"), rows, (1,))


def _listed(rng: Random) -> tuple[Read, Written]:
    """A list of candidates, which one odd cell keeps out whole."""
    from alloys.intake.listing import read_list
    from alloys.intake.mapping import AlloyColumns

    rows = [[formula, f"{rng.uniform(6, 18):.3f}"] for formula in _formulas(rng, 12)]

    def read(path: Path) -> tuple[Numbers, str]:
        found = read_list(AlloyColumns(file=str(path), formula="alloy"), None)
        return [(float(design.values["hours"]),) for design in found.designs], ""

    return read, written(rng, ("alloy", "hours"), rows, (1,), ("n/a", "NA", "<NA>", "-", "?", "<0.1", "10-20"))


def _points(rng: Random) -> tuple[Read, Written]:
    """A table whose heads say what its columns are, for the materials table."""
    from alloys.points.tables.reading import read_table_points

    rows = [[formula, f"{rng.uniform(6, 18):.3f}", "a\nbook"] for formula in _formulas(rng, 12)]

    def read(path: Path) -> tuple[Numbers, str]:
        found = read_table_points(path)
        told = "; ".join(f"line {line}: {why}" for line, why in found.dropped)
        return [(point.value or 0.0,) for point in found.points], told

    return read, written(rng, ("formula", "density", "source"), rows, (1,), NOTHING)


def _mapped(rng: Random) -> tuple[Read, Written]:
    """A table that a campaign's `data:` maps; rows with odd cells fall out and are told."""
    from alloys.intake.mapping import TableMap
    from alloys.intake.reading import read_mapped
    from alloys.properties import PROPERTIES

    rows = [[f, f"{rng.uniform(6, 18):.3f}"] for f in _formulas(rng, 12)]

    def read(path: Path) -> tuple[Numbers, str]:
        entry = TableMap.model_validate(
            {"file": str(path), "formula": "alloy", "properties": {"density": {"column": "rho"}}}
        )
        intake = read_mapped(entry, PROPERTIES)
        told = "; ".join(f"line {line}: {why}" for line, why in intake.dropped)
        return [(row.values["density"],) for row in intake.rows], told

    return read, written(rng, ("alloy", "rho"), rows, (1,), NOTHING)
