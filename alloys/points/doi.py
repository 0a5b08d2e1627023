"""Digital object identifiers, as people write them."""

from __future__ import annotations

import re

from alloys.errors import InputError

_BEFORE = re.compile(r"\A(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}/[!-~]*[!-~](?<![.,;])")
"""Printable ASCII, as Crossref registers them; a mark of punctuation behind belongs to a sentence."""


_MEANT = re.compile(r"\A\s*(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:|10\.\d{4,9}/)", re.IGNORECASE)


def means_doi(text: str) -> bool:
    """Whether a text begins as DOIs do, so that it is one or a slip.

    >>> means_doi("doi:10.1038"), means_doi("10.1038/s41597"), means_doi("the lab's book, 10.10.2020")
    (True, True, False)
    """
    return _MEANT.match(text) is not None


def doi_of(text: str) -> str:
    """The DOI in small letters, which mean the same, without what people write before it.

    >>> doi_of("https://doi.org/10.1038/S41597-020-00768-9")
    '10.1038/s41597-020-00768-9'

    Raises:
        InputError: if it is none.
    """
    plain = _BEFORE.sub("", text.strip(), count=1)
    if not _DOI.fullmatch(plain):
        raise InputError(f"{text[:60]!r} is no DOI, such as 10.1038/s41597-020-00768-9")
    return plain.lower()
