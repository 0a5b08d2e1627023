"""Valid files made invalid: bytes, trees of plain values, tables and statements changed at random."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

TOKENS: tuple[bytes, ...] = tuple(
    token.encode("utf-8", "surrogatepass")
    for token in (
        "", "\0", "\ud800", "\ufeff", "é", "²", "٣", "１", "'", '"', "\n", "\r", "\r\n", "\t", ",", ";", ":",
        "!", "%", "&a ",
        "*a", "? ", "<<: ", "---\n", "...\n", "- ", "# ", "| ", "> ", "{", "}", "[", "]", "{{", "[[", "nan",
        "NaN", ".nan", "inf",
        "-inf", ".inf", "-1", "0", "-0", "1e309", "1e-400", "9" * 400, "9" * 5000, "0x7fffffffffffffff",
        "1_000", "1:30:30",
        "1:" * 200 + "1.5", "2001-01-01", "2001-99-99", "!!int ''", "!!bool maybe", "!!timestamp x",
        "!!float x", "!!binary x",
        "!!set {a}", "!!python/object/apply:os.system [id]", "!x y", "~", "null", "true", "=1+1", "@x", "..",
        "../../x", "/dev/null",
        "/dev/zero", "/proc/self/mem", "%s%n", "$(id)", "`id`", "; id", "' OR 1=1 --", "Nb", "Xx", "density",
        "solidus", "N !", "** ",
        "**9**9**9", "(", ")", "LN(0)", "EXP(1E9)", "GHSERNB", "FUNCTION A 298 +A; 6000 N !\n", "PHASE", "\\",
        "\\u0000",
    )
)  # fmt: skip
"""What breaks parsers, and words that these files know."""

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 10**6, 2**31, 2**63, 10**400, -(10**30), 0.0, -0.0, 0.5, 1e-9, 1e-300,
    1e308, -1.5,
    float("nan"), float("inf"), "", " ", "x", "a" * 300, "é", "\0", "../x", "/dev/zero", "density", "solidus",
    "Nb", "Xx",
    "calphad", "reference", "script", "slurm", "dft", "human", "cvae", "flow", "density <= 9",
    "maximize solidus", "[", "{}",
    [], [[]], [1], ["Nb"], [None], [0.1, 0.2], [1, 10**400], {}, {"a": {}}, {"": 1}, {"x": [1, {"y": None}]},
    date(2001, 1, 1),
    b"\x00\xff", "line\nline", "postgresql+psycopg://me@host/db", "1e5", "0.01", "9" * 400,
)  # fmt: skip


def spoiled(rng: random.Random, content: bytes) -> bytes:
    """The content with one to five random changes of its bytes."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        _spoil(rng, changed)
    return bytes(changed)


def _spoil(rng: random.Random, content: bytearray) -> None:
    begin = rng.randint(0, len(content))
    end = min(len(content), begin + rng.choice((0, 1, 2, 8, 40, 400)))
    kind = rng.randrange(6)
    if kind == 0:
        content[begin:end] = rng.choice(TOKENS)
    elif kind == 1:
        content[begin:begin] = rng.choice(TOKENS) * rng.choice((1, 1, 1, 2, 50, 3000))
    elif kind == 2:
        content[begin:begin] = content[begin:end] * rng.choice((1, 2, 20))
    elif kind == 3:
        del content[begin:end]
    elif kind == 4:
        content[begin : begin + 1] = bytes([rng.randrange(256)])
    elif rng.random() < 0.3:
        del content[begin:]


def twisted(rng: random.Random, tree: Any, most: int = 3) -> Any:
    """A tree of dicts, lists and plain values with one to ``most`` random changes; the tree itself stays."""
    changed = [_copied(tree)]
    for _ in range(rng.randint(1, most)):
        holder: Any = changed
        key: Any = 0
        # Down a random path, ending on the way now and then.
        while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.85:
            holder = holder[key]
            key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        _twist(rng, holder, key)
        if not changed:
            return None
    return changed[0]


def _twist(rng: random.Random, holder: Any, key: Any) -> None:
    kind = rng.randrange(5)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(rng.choice(VALUES))[:50]] = holder.pop(key)
    elif kind == 2 and isinstance(holder[key], dict):
        holder[key][str(rng.choice(VALUES))[:50]] = rng.choice(VALUES)
    elif kind == 3 and isinstance(holder[key], list):
        holder[key].insert(rng.randint(0, len(holder[key])), rng.choice(VALUES))
    elif kind == 4 and isinstance(holder[key], int | float) and abs(holder[key]) < 1e100:
        holder[key] = holder[key] * rng.choice((-1, 0, 2, 0.5, 1000, 10**9, 1e-9)) + rng.choice((0, 1, -1, 1e-3))
    else:
        holder[key] = _copied(rng.choice(VALUES))


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(value) for value in tree] if isinstance(tree, list) else tree


def bomb(rng: random.Random) -> str:
    """YAML that is small and asks for much: nested aliases, deep nesting, an alias inside itself."""
    size = rng.choice((5, 20, 60, 300, 5000))
    makers: Sequence[Callable[[int], str]] = (
        lambda n: "a: " + "[" * n + "]" * n,
        lambda n: "a: " + "{b: " * n + "}" * n,
        lambda n: "\n".join(" " * i + "k:" for i in range(min(n, 900))),
        lambda n: "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, min(n, 40))),
        lambda n: "a: &a [" + "*a, " * min(n, 50) + "]",
        lambda n: "a: &a {b: *a}",
        lambda n: "- " * n,
        lambda n: "? " * n,
        lambda n: "a: &a x\nb: [" + "*a, " * n + "]",
        lambda n: "name: " + "x" * n * 100,
    )  # fmt: skip
    return rng.choice(makers)(size)


def miswritten(rng: random.Random, content: bytes) -> bytes:
    """A CSV file with cells, columns and rows changed."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    for _ in range(rng.randint(1, 4)):
        row = rng.choice(rows) if rng.random() < 0.7 else rows[0]
        _miswrite(rng, rows, row)
        if not rows:
            break
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def _miswrite(rng: random.Random, rows: list[list[str]], row: list[str]) -> None:
    kind = rng.randrange(7)
    if kind <= 2 and row:
        row[rng.randrange(len(row))] = rng.choice(TOKENS).decode("utf-8", "surrogatepass")
    elif kind == 3 and row:
        place = rng.randrange(len(row))
        row[place] = rng.choice(rng.choice(rows) or [""])
    elif kind == 4:
        rows.insert(rng.randint(0, len(rows)), list(row) * rng.choice((0, 1, 1, 2)))
    elif kind == 5:
        rows.remove(row)
    else:
        place = rng.randint(0, len(row))
        for other in rows:
            other.insert(place, rng.choice(row or [""]))
