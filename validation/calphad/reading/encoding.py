"""The text of a database file, whatever it is encoded in."""

from __future__ import annotations

import codecs
import io

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOK = 4000
"""Bytes that say whether every second one is 0, as in a text in UTF-16 without its mark."""


def decoded(content: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32 with or without a mark, else Latin-1; line ends become ``\\n``."""
    text = content.decode(_encoding(content), errors="replace")
    return io.StringIO(text, newline=None).read()


def _encoding(content: bytes) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    head = content[:_LOOK]
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(head) > 1 and not any(head[first::2]):
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
