"""Digital object identifiers, as people write them."""

from __future__ import annotations

import re
from urllib.parse import unquote

from alloys.errors import InputError

_WORD = re.compile(r"\Adoi[:\s]\s*", re.IGNORECASE)
_SITE = re.compile(r"\A(?:https?://)?(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}/[!-~]*[!-~]")
"""Printable ASCII, as Crossref registers them."""
_BEHIND = ".,;"
"""Marks of punctuation, which belong to a sentence."""


_MEANT = re.compile(r"\A\s*(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:|10\.\d{4,9}/)", re.IGNORECASE)


def means_doi(text: str) -> bool:
    """Whether a text begins as DOIs do, so that it is one or a slip.

    >>> means_doi("doi:10.1038"), means_doi("10.1038/s41597"), means_doi("the lab's book, 10.10.2020")
    (True, True, False)
    """
    return _MEANT.match(text) is not None


def doi_of(text: str) -> str:
    """The DOI in small letters, which mean the same, without what people write before and behind it.

    >>> doi_of("https://doi.org/10.1038/S41597-020-00768-9")
    '10.1038/s41597-020-00768-9'
    >>> doi_of("10.1016/S0022-0248(02)01234-5."), doi_of("https://www.doi.org/10.1016%2Fj.x?via=mail")
    ('10.1016/s0022-0248(02)01234-5', '10.1016/j.x')

    Raises:
        InputError: if it is none.
    """
    told = _WORD.sub("", text.strip())
    plain = _SITE.sub("", told)
    if plain != told:  # in an address a mark of the DOI itself stands encoded
        plain = unquote(re.split(r"[?#]", plain, maxsplit=1)[0])
    plain = plain.rstrip(_BEHIND)
    if plain.endswith(")") and plain.count(")") > plain.count("("):
        plain = plain[:-1].rstrip(_BEHIND)
    if not _DOI.fullmatch(plain):
        raise InputError(f"{text[:60]!r} is no DOI, such as 10.1038/s41597-020-00768-9")
    return plain.lower()
