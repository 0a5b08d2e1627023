"""Verdicts of a campaign that somebody has withdrawn: their points are set aside in the materials table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from alloys.points.checking import Flag
from alloys.points.point import Point
from alloys.points.verdicts import points_of_verdict
from loop.materials import MaterialsTable
from loop.materials.governance.decisions import FlagState, decide, record_flags, stored_flags
from loop.store import CampaignStore
from loop.store.records import DataEvent, StoredObservation
from loop.store.states import DataEventKind
from validation.tier import Tier

KIND = "withdrawn in a campaign"
"""What such a doubt is called."""
_SUGGESTION = "its campaign does not count it; keep it if it is right all the same"


def withdrawals(store: CampaignStore) -> list[DataEvent]:
    """What people took back, or put another value in the place of."""
    kinds = (DataEventKind.WITHDRAW, DataEventKind.CORRECT)
    return [event for event in store.data_events() if event.kind in kinds]


def set_withdrawn_aside(
    table: MaterialsTable, store: CampaignStore, tiers: Sequence[Tier], events: Sequence[DataEvent]
) -> None:
    """Sets aside what the table has of withdrawn verdicts, by whom and for the reason that the campaign was told.

    Each once: where people have decided about it in the table since, their word holds.
    """
    rows = {row.id: row for row in store.observations(include_replicates=True)}
    name = store.campaign().name
    for event in events:
        told = [*_points(event, rows, tiers, store)]
        places = tuple(sorted(table.numbers(told)))
        if not places:
            continue
        who, properties = event.who.strip() or f"campaign {name}", tuple(sorted({p.property_name for p in told}))
        reason = f"withdrawn in the campaign {name} by {who}: {event.why}"
        if record_flags(table, [Flag(KIND, places, reason, _SUGGESTION, properties)], who):
            new = [
                one for one in stored_flags(table, FlagState.OPEN) if (one.flag.kind, one.flag.places) == (KIND, places)
            ]
            decide(table, [one.number for one in new], FlagState.SET_ASIDE, who=who, why=event.why)


def _points(
    event: DataEvent, rows: Mapping[int, StoredObservation], tiers: Sequence[Tier], store: CampaignStore
) -> Iterator[Point]:
    """The points that were made of what an event took back: of answers to jobs alone."""
    names = set(event.detail["properties"])
    for number in event.detail["observations"]:
        row = rows[number]
        if row.key is None or row.replicate:
            continue
        tier = tiers[row.tier or 0]
        who = row.observation.source if tier.by_hand else tier.fingerprint
        told = points_of_verdict(row.observation, who, store.properties, tier.properties)
        yield from (point for point in told if not names or point.property_name in names)
