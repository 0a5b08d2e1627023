"""Who did what when: spans of wall-clock time, and from them who was idle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from loop.store import CampaignStore, IterationNotes

DRIVER, SCORER, TRAINER, SLOT = "driver", "scorer", "trainer", "slot"
"""Lanes; of trainers there is one for each family (``trainer cvae``), of slots one for each number (``slot 1``)."""
WAIT = "wait"
"""The driver's span in which it waits for others."""
_TOGETHER = 0.05
"""Spans of the driver that are no farther apart, in seconds, are kept as one; shorter ones are counted, not kept."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took its time.

    Attributes:
        lane: who did it.
        name: what: ``train``, ``fit``, ``propose``, ``screen``, ``validate``, or of the driver ``wait``, ``begin``,
            ``record``, ``close``, ``log``.
        begin: unix seconds.
        end: unix seconds.
    """

    lane: str
    name: str
    begin: float
    end: float

    def to_json(self) -> list[Any]:
        """``[lane, name, begin, end]``, times to the millisecond."""
        return [self.lane, self.name, round(self.begin, 3), round(self.end, 3)]

    def within(self, begin: float, end: float) -> float:
        """How many of its seconds lie between two times."""
        return max(0.0, min(self.end, end) - max(self.begin, begin))


@dataclass(frozen=True, slots=True)
class Shares:
    """What became of a stretch of time, as shares of 1.

    Attributes:
        seconds: its length.
        slots: how many validations could be under way at once.
        idle: share of the slots' time in which they validated nothing.
        driver: share in which the driver was at work itself.
        unvalidated: share in which not one validation was under way.
    """

    seconds: float
    slots: int
    idle: float
    driver: float
    unvalidated: float


def covered(spans: Iterable[Span], begin: float, end: float) -> float:
    """Seconds between two times in which at least one span was under way."""
    total, reached = 0.0, begin
    for span in sorted(spans, key=lambda span: span.begin):
        total += max(0.0, min(span.end, end) - max(span.begin, reached))
        reached = max(reached, span.end)
    return total


def shares_of(spans: Sequence[Span], slots: int, begin: float, end: float, waited: float) -> Shares:
    """Who was idle between two times.

    Args:
        spans: all that reach into that time.
        slots: how many validations could be under way at once.
        begin: unix seconds.
        end: unix seconds.
        waited: seconds of it in which the driver waited for others.
    """
    length = max(end - begin, 1e-9)
    validating = [span for span in spans if span.lane.startswith(SLOT)]
    busy = sum(span.within(begin, end) for span in validating)
    return Shares(
        seconds=length,
        slots=slots,
        idle=max(0.0, 1.0 - busy / (slots * length)),
        driver=max(0.0, 1.0 - waited / length),
        unvalidated=max(0.0, 1.0 - covered(validating, begin, end) / length),
    )


@dataclass
class Recorder:
    """Keeps the spans of one run of the driver, by the iteration that they belong to.

    Attributes:
        clock: unix seconds.
        earlier: what runs before it recorded of iterations that are not closed, as plain lists.
    """

    clock: Callable[[], float] = time.time
    earlier: Mapping[int, Sequence[Sequence[Any]]] = field(default_factory=dict)
    _spans: dict[int, list[Span]] = field(default_factory=dict)
    _window: float = 0.0
    _waited: float = 0.0

    def __post_init__(self) -> None:
        self._window = self.clock()

    def add(self, index: int, *spans: Span) -> None:
        """Keeps spans of an iteration."""
        self._spans.setdefault(index, []).extend(spans)

    @contextmanager
    def driver(self, index: int, name: str) -> Iterator[None]:
        """What happens inside is a span of the driver."""
        begin = self.clock()
        try:
            yield
        finally:
            self._driver(index, Span(DRIVER, name, begin, self.clock()))

    def _driver(self, index: int, span: Span) -> None:
        self._waited += (span.end - span.begin) * (span.name == WAIT)
        kept = self._spans.setdefault(index, [])
        last = next((other for other in reversed(kept) if other.lane == DRIVER), None)
        near = last is not None and span.begin - last.end < _TOGETHER
        if last is not None and near and span.name == last.name:
            kept[kept.index(last)] = Span(DRIVER, span.name, last.begin, span.end)
        elif span.end - span.begin >= _TOGETHER:
            kept.append(span)

    def of(self, index: int) -> list[Sequence[Any]]:
        """The spans of an iteration as plain lists."""
        return [*self.earlier.get(index, []), *(span.to_json() for span in self._spans.get(index, []))]

    def window(self, slots: int, under_way: Sequence[Span]) -> dict[str, Any]:
        """Who was idle since the last call, or since the run began: ``begin``, ``end``, ``waited`` and shares.

        Args:
            slots: how many validations can be under way at once.
            under_way: spans that have not ended.
        """
        begin, end, waited = self._window, self.clock(), self._waited
        self._window, self._waited = end, 0.0
        spans = [span for kept in self._spans.values() for span in kept]
        shares = shares_of([*spans, *under_way], slots, begin, end, waited)
        return {**asdict(shares), "begin": begin, "end": end, "waited": waited}

    def forget(self, before: int) -> None:
        """Lets go of iterations that are closed and stored."""
        for index in [index for index in self._spans if index < before]:
            del self._spans[index]


def timeline(store: CampaignStore) -> list[Span]:
    """Every recorded span of a campaign, by begin."""
    spans = [Span(*entry) for it in store.iterations() for entry in it.notes.timeline]
    return sorted(spans, key=lambda span: (span.begin, span.lane, span.name))


def shares_in(notes: IterationNotes) -> Shares | None:
    """What a closed iteration's notes say of who was idle since the one before was closed; None without a driver."""
    told = notes.schedule
    return None if told is None else Shares(**{part.name: getattr(told, part.name) for part in fields(Shares)})


def summary(store: CampaignStore) -> Shares | None:
    """Who was idle over all the time in which a driver ran; None where no iteration was closed by one."""
    parts = [shares for it in store.iterations() if (shares := shares_in(it.notes)) is not None]
    if not parts:
        return None
    total = sum(part.seconds for part in parts)
    capacity = sum(part.seconds * part.slots for part in parts)
    return Shares(
        seconds=total,
        slots=max(part.slots for part in parts),
        idle=sum(part.idle * part.seconds * part.slots for part in parts) / capacity,
        driver=sum(part.driver * part.seconds for part in parts) / total,
        unvalidated=sum(part.unvalidated * part.seconds for part in parts) / total,
    )
