"""Published databases, which do not come with the project: read as pycalphad reads them, within the limits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from validation.calphad.reading.grammar import read_text
from validation.calphad.reading.stored import dumped, loaded
from validation.calphad.reading.tdbfile import read, seconds_for

OTHERWISE = {
    "001_AlVC-12Hal.tdb": "parameters of GRAPHITE are taken for those of the phase GRAPHITE_A9",
    "021_PrecHiMn-04.tdb": "parameters of GRAPHITE are taken for those of the phase GRAPHITE_A9",
    "047_PrecHiMn-04.tdb": "parameters of GRAPHITE are taken for those of the phase GRAPHITE_A9",
    "051_case.TDB": "DEFINE_SYSTEM_DEFAULT has no '!' at its end",
    "089_zr-nb-cr.tdb": "G(LAVES_C15,CR,ZR:CR,NB,ZR;0) is given twice alike; counted once",
}
"""Files that pycalphad reads with a parameter or an element more or less, with what is said of it here."""


def _databases(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.joinpath("tdb", "collection").iterdir() if path.suffix.lower() == ".tdb")
    yield from sorted(folder.joinpath("tdb", "pycalphad").glob("*.tdb"))


def _count_energies_called_l(database: Any) -> None:
    """COST507 calls the energies of an amorphous phase L where others write G; pycalphad counts them nowhere."""
    database._parameters.update(
        {"parameter_type": "G"},
        lambda row: row["parameter_type"] == "L" and all(len(site) == 1 for site in row["constituent_array"]),
    )


@pytest.fixture(scope="module")
def paths(public_data: Path) -> list[Path]:
    return list(_databases(public_data))


def test_every_published_database_is_read_as_pycalphad_reads_it_and_within_the_limits(paths: list[Path]) -> None:
    from pycalphad import Database

    for path in paths:
        text = read(path)
        begun = time.process_time()
        reading = read_text(text)
        assert time.process_time() - begun < seconds_for(len(text)) / 2, path.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = Database.from_string(text, fmt="tdb")
        _count_energies_called_l(plain)
        if path.name in OTHERWISE:
            assert any(OTHERWISE[path.name] in note for note in reading.notes), path.name
            again = sum("counted once" in note for note in reading.notes)
            assert len(reading.database._parameters) == len(plain._parameters) - again
            assert set(reading.database.phases) == set(plain.phases)
        else:
            assert reading.database == plain, path.name
        assert loaded(dumped(reading)).database == reading.database, path.name
