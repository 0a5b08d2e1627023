"""What goes from a campaign back to the materials table: at least once, and there each fact is one point."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.points.point import Point, PointKind, PointSource
from alloys.points.verdicts import points_of_verdict
from alloys.properties import Property
from alloys.records import proposer
from loop.drive.materials.withdrawing import set_withdrawn_aside, withdrawals
from loop.materials import MaterialsTable
from loop.store import CampaignStore, GivenVerdict, IterationState
from validation.tier import Tier

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 30.0
"""For so long a table that could not be written is left alone, but at the end of a run."""


@dataclass
class TableWriter:
    """Writes a campaign's verdicts to the materials table, and the designs that its generators drew and it asked for.

    What was written is kept in mind only: whoever opens the campaign tells the table everything once, which changes
    nothing where it is known. So nothing is lost where a process was killed, or the table was out of reach.

    Attributes:
        table: where the materials table is.
        store: the campaign's database.
        tiers: its validators.
        clock: unix seconds.
    """

    table: str
    store: CampaignStore
    tiers: Sequence[Tier]
    clock: Callable[[], float]
    _number: int = 0
    _drawn: set[int] = field(default_factory=set)
    _taken_back: set[int] = field(default_factory=set)
    _again: float = 0.0

    def write(self, *, now: bool = False) -> None:
        """Writes what is new; a table that cannot be written is told, and caught up with later.

        Args:
            now: whether also a table is tried that could not be written a moment ago, and drawn designs are written.
        """
        if not now and self.clock() < self._again:
            return
        verdicts, drawn = self.store.verdicts_since(self._number), self._new_iterations() if now else []
        points = [point for given in verdicts for point in _told(given, self.tiers, self.store.properties)]
        sources = [self._source(given) for given in {given.fingerprint: given for given in verdicts}.values()]
        for index in drawn:
            points += _drawn_points(self.store, index)
        gone = [event for event in withdrawals(self.store) if event.id not in self._taken_back] if now else []
        try:
            if points or gone:
                self._warn_if_gone()
                with MaterialsTable.open(self.table, create=True) as table:
                    table.add(points, sources=sources, who=self._name)
                    set_withdrawn_aside(table, self.store, self.tiers, gone)
        except (InputError, OSError, sa.exc.SQLAlchemyError) as error:
            self._again = self.clock() + _PATIENCE_SECONDS
            log.warning("the materials table is caught up with later, and nothing is lost: %s", error)
            return
        self._again = 0.0
        self._number = max([self._number, *(given.number for given in verdicts)])
        self._drawn.update(drawn)
        self._taken_back.update(event.id for event in gone)

    def _warn_if_gone(self) -> None:
        """Says that there is no table any more, or none where this process looks, before another one is made."""
        place = Path(self.table)
        if "://" not in self.table and not place.exists():
            began = (self.store.began_with() or {}).get("materials", "")
            log.warning(
                "there is no materials table at %s, so one is made, of this campaign alone; it began from %s",
                place.absolute(),
                began,
            )

    @property
    def _name(self) -> str:
        return f"campaign {self.store.campaign().name}"

    def _source(self, given: GivenVerdict) -> PointSource:
        if given.by_hand:
            return PointSource(_who(given), f"measured for the {self._name}")
        version = next((tier.version for tier in self.tiers if tier.fingerprint == given.fingerprint), "")
        return PointSource(given.fingerprint, f"{given.validator} {version}".strip())

    def _new_iterations(self) -> list[int]:
        """Closed iterations whose drawn designs were not written."""
        closed = (it.index for it in self.store.iterations() if it.state is IterationState.CLOSED)
        return [index for index in closed if index not in self._drawn]


def _who(given: GivenVerdict) -> str:
    """Whose word a verdict is: the validator's, or of people the one who measured."""
    return given.observation.source if given.by_hand else given.fingerprint


def _told(given: GivenVerdict, tiers: Sequence[Tier], properties: Mapping[str, Property]) -> list[Point]:
    """A verdict as points; one that no point can say is told, and left out."""
    names = [n for tier in tiers if tier.fingerprint == given.fingerprint for n in tier.properties]
    try:
        return points_of_verdict(given.observation, _who(given), properties, names)
    except InputError as error:
        log.warning("not written to the materials table: %s", error)
        return []


def _drawn_points(store: CampaignStore, index: int) -> Iterator[Point]:
    """The designs of an iteration's batch that a generator drew, whether moved on the grid since or not."""
    files = {file.name: file.sha256 for file in store.artifacts() if file.iteration == index}
    for proposal in store.proposals(index):
        candidate = proposal.selection.candidate
        model = files.get(f"generator.{proposer(candidate.origin)}")
        if model is not None:
            yield Point(candidate.design, "", "", None, PointKind.GENERATED, model)
