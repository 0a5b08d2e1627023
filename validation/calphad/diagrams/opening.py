"""A database opened for a picture, with every mistake told before work starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from alloys.errors import InputError
from validation.calphad.diagrams.fractions import usual_range
from validation.calphad.errors import CalphadError, DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.reading.ranges import narrowest
from validation.calphad.reading.tdbfile import check_apart, parsed, read
from validation.calphad.solving.alloy import Alloy
from validation.calphad.solving.engine import CalphadEngine


class Opened:
    """A database, and the phases of it that are considered.

    Attributes:
        engine: the alloys of it.
    """

    def __init__(self, tdb: Path | None, exclude: Sequence[str], phases: Sequence[str] | None = None) -> None:
        """Reads and checks a database.

        Args:
            tdb: the file; the project's own database if None.
            exclude: phases that are left out.
            phases: those that are considered; all if None.

        Raises:
            InputError: for a file that cannot be used, or a phase that is not there.
        """
        try:
            self._text = build_database() if tdb is None else read(tdb)
            if tdb is not None:
                check_apart(self._text)
            self.engine = CalphadEngine(self._text, phases=phases, exclude=exclude)
        except DatabaseError as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error

    def check(self, elements: Iterable[str]) -> None:
        """Whether there can be alloys of these elements.

        Raises:
            InputError: if the database lacks an element, or a function or a model that its phases need.
        """
        symbols = list(elements)
        have = [name.capitalize() for name in self.engine.elements]
        lacking = sorted(set(symbols) - set(have))
        if lacking:
            raise InputError(f"the thermodynamic database lacks {', '.join(lacking)}; it has {', '.join(have)}")
        try:
            self.engine.phases_for(symbols)
        except DatabaseError as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error

    def range_of(self, alloys: Sequence[Alloy], low: float | None, high: float | None) -> tuple[float, float]:
        """The temperatures in K of a picture: those asked for, or from half the solidus to above the liquidus.

        Args:
            alloys: what is shown.
            low: K, None where it is not said.
            high: K, None where it is not said.

        Raises:
            InputError: beyond what the functions of the database hold for, or where there is no liquid and no range.
        """
        elements = {name for alloy in alloys for name in alloy.elements}
        first, last = narrowest(parsed(self._text), elements, self.engine.phases)
        if low is not None and low < first.low:
            raise InputError(f"{low:g} K is below {first.low:g} K, where {first.name} of the database begins")
        if high is not None and high > last.high:
            raise InputError(
                f"{high:g} K is above {last.high:g} K, where {last.name} of the database ends; end there, or leave out "
                "the phase that needs it by --exclude PHASE"
            )
        usual = (0.0, 0.0) if low is not None and high is not None else self._usual(alloys)
        cold = max(usual[0], first.low) if low is None else low
        hot = min(usual[1], last.high) if high is None else high
        if cold >= hot:
            raise InputError(f"the temperatures begin at {cold:.0f} K and end at {hot:.0f} K; begin below the end")
        return cold, hot

    @staticmethod
    def _usual(alloys: Sequence[Alloy]) -> tuple[float, float]:
        try:
            ranges = [usual_range(alloy.solidus, alloy.liquidus) for alloy in alloys]
        except CalphadError as error:
            raise InputError(f"say the temperatures by --from and --to: {error.message}") from error
        return min(low for low, _ in ranges), max(high for _, high in ranges)
