"""Cells of CSV files that a spreadsheet would run as formulas: written harmlessly, and read back as they were."""

from __future__ import annotations

# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width forms that some programs read alike.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = "'"


def escape(cell: str) -> str:
    """The cell with a mark before it where a program could take it for a formula.

    >>> escape("=1+1"), escape("Nb45Ta55")
    ("'=1+1", 'Nb45Ta55')
    """
    return _MARK + cell if cell.startswith((*_STARTS, _MARK)) else cell


def unescape(cell: str) -> str:
    """What `escape` was given.

    >>> unescape("'=1+1"), unescape("'tis brittle")
    ('=1+1', "'tis brittle")
    """
    marked = cell.startswith(_MARK) and cell[1:].startswith((*_STARTS, _MARK))
    return cell[1:] if marked else cell
