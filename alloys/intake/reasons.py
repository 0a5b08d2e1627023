"""Why lines of a table are left out: lines of one kind of reason stand together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_CELL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\d.]*(?:e[+-]?\d+)?")
"""What differs among lines of one kind: the cell that is quoted, and numbers."""


def by_reason(told: Iterable[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    """Lines by the kind of reason, with an example of each; the most frequent kind first.

    >>> by_reason([(2, "'<140' is a bound"), (3, "'25O' is no number"), (5, "'<9' is a bound")])
    [("'<140' is a bound, and the like", [2, 5]), ("'25O' is no number", [3])]
    """
    lines: defaultdict[str, list[int]] = defaultdict(list)
    texts: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for line, reason in told:
        kind = _CELL.sub("", reason)
        lines[kind].append(line)
        texts[kind][reason] = None
    named = {kind: next(iter(found)) + ", and the like" * (len(found) > 1) for kind, found in texts.items()}
    return sorted(((named[kind], found) for kind, found in lines.items()), key=lambda item: -len(item[1]))
