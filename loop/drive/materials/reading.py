"""What a campaign reads of the materials table, once as it begins; later it asks its own database."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.design import Design
from alloys.errors import InputError
from alloys.points.choice import PointChoice
from alloys.points.point import SAME_VALUE, Point, PointKind
from alloys.points.verdicts import in_unit_of, verdict_of_points
from alloys.problem import Problem
from alloys.properties import Property
from alloys.records import Measured, Observation
from loop.config.lookup import campaign_database
from loop.config.schema import CampaignConfig, MaterialsConfig
from loop.materials import MaterialsTable, PointQuery, StoredPoint
from loop.store import CampaignStore, Job, KnownPoint
from validation.tier import Tier

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the materials table said when a campaign began.

    Attributes:
        table: where it is.
        until: the id of the last point that it had.
        digest: sha256 over the keys of the points that were taken, in the order of their ids.
        points: answers of the campaign's validators, and what speaks of its properties besides.
        taught: results that count from the start, each with the campaign's validator that said it, if one did.
    """

    table: str
    until: int
    digest: str
    points: tuple[KnownPoint, ...]
    taught: tuple[tuple[Observation, int | None], ...]

    @property
    def rows(self) -> list[Observation]:
        """The results that count from the start."""
        return [seen for seen, _ in self.taught]

    def record(self, store: CampaignStore) -> None:
        """Keeps it in the campaign's database, once; see `CampaignStore.begin_with`."""
        detail = {"materials": self.table, "until": self.until, "sha256": self.digest, "points": len(self.points)}
        store.begin_with(self.points, self.taught, who=store.campaign().name, detail=detail)


def unread(config: CampaignConfig, tiers: Sequence[Tier], problem: Problem) -> Snapshot | None:
    """What a campaign that is to be made begins with; None for one that asks no table, or has read it already.

    Raises:
        InputError: if the table cannot be read.
    """
    if config.materials is None or _has_begun(config):
        return None
    return read_snapshot(config.materials, tiers, problem)


def _has_begun(config: CampaignConfig) -> bool:
    try:
        with CampaignStore.open(campaign_database(Path(config.directory), config.name)) as store:
            return store.began_with() is not None
    except InputError:  # there is none, or who opens it says what is wrong with it
        return False


def answer_known(store: CampaignStore, job: Job, tier: Tier, problem: Problem) -> bool:
    """Answers a running job by what the materials table said as the campaign began, if it did; whether it did."""
    told = store.known_answer(job)
    verdict = verdict_of_points([known.point for known in told], problem.properties, tier.properties)
    if verdict is None:
        return False
    outcome = store.answer_known(job.key, verdict, note=f"answered from the materials table, {_numbers(told)}")
    log.info("%s: %s, as the materials table knew", job.request.design, outcome)
    return True


def _numbers(told: Sequence[KnownPoint]) -> str:
    numbers = [known.number for known in told]
    return f"point {numbers[0]}" if len(numbers) == 1 else f"points {numbers[0]} to {numbers[-1]}"


def read_snapshot(config: MaterialsConfig, tiers: Sequence[Tier], problem: Problem) -> Snapshot:
    """Reads the materials table, which is made where there is none.

    Args:
        config: the campaign's key ``materials``.
        tiers: its validators; verdicts of those that are no people are looked for by their fingerprints.
        problem: its problem.

    Raises:
        InputError: if the table cannot be read.
    """
    with MaterialsTable.open(config.table, create=True) as table:
        until = table.last()
        verdicts = _Verdicts.read(table, until, tiers, problem)
        said = {tier.fingerprint for tier in tiers if not tier.by_hand}
        others = _each_once(one for one in _others(table, until, config.points) if one[1].point.source not in said)
    own = [(name, found) for name, found in others if config.points[name].own]
    foreign = [KnownPoint(found.id, name, found.point) for name, found in others if not config.points[name].own]
    taught: list[tuple[Observation, int | None]] = list(verdicts.observations) if config.known == "teach" else []
    taught += _measurements(own, problem.properties)
    read = [(known.number, known.point.key) for known in (*verdicts.points, *foreign)]
    keys = dict(sorted({*read, *((found.id, found.point.key) for _, found in own)}))
    digest = hashlib.sha256(b"".join(map(bytes.fromhex, keys.values()))).hexdigest()
    told = f"{len(verdicts.observations)} verdicts of the campaign's validators, {len(foreign)} points of other sources"
    log.info("materials table %s up to point %d: %s, %d taken as its own", config.table, until, told, len(own))
    return Snapshot(whole_place(config.table), until, digest, (*verdicts.points, *foreign), tuple(taught))


def whole_place(table: str) -> str:
    """Where a table is, whatever the working folder is later."""
    return table if "://" in table else str(Path(table).absolute())


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """Complete verdicts of a campaign's validators: as points, and as observations with the place of the validator."""

    points: tuple[KnownPoint, ...]
    observations: tuple[tuple[Observation, int], ...]

    @classmethod
    def read(cls, table: MaterialsTable, until: int, tiers: Sequence[Tier], problem: Problem) -> _Verdicts:
        properties, variables = problem.properties, set(problem.space.variables.names)
        asked = {tier.fingerprint: (place, tier) for place, tier in enumerate(tiers) if not tier.by_hand}
        query = PointQuery(kinds=(PointKind.VALIDATION,), sources=tuple(asked), until=until, counting=True)
        told: dict[tuple[str, Design], list[StoredPoint]] = {}
        for found in table.points(query) if asked else ():
            # A design with other variables than the campaign's is another question.
            if {name for name, _ in found.point.design.variables} <= variables:
                told.setdefault((found.point.source, found.point.design), []).append(found)
        points, observations = [], []
        for (fingerprint, design), stored in told.items():
            place, tier = asked[fingerprint]
            verdict = verdict_of_points([each.point for each in stored], properties, tier.properties)
            if verdict is None:
                continue
            points += [KnownPoint(each.id, "", each.point) for each in stored]
            if isinstance(verdict, Measured):
                values = {name: quantity.value for name, quantity in verdict.properties.items()}
                stds = {name: q.std for name, q in verdict.properties.items() if q.std is not None}
                seen = Observation(design, values, tier.validator, None, stds)
            else:
                seen = Observation(design, {}, tier.validator, verdict.message)
            observations.append((seen, place))
        return cls(tuple(points), tuple(observations))


def _others(table: MaterialsTable, until: int, choices: Mapping[str, PointChoice]) -> Iterator[tuple[str, StoredPoint]]:
    """Points that speak of properties of the campaign as its configuration says, by the campaign's property."""
    for name, choice in choices.items():
        query = PointQuery.chosen(choice, until)
        yield from ((name, found) for found in table.points(query) if choice.takes(found.point))


def _each_once(others: Iterable[tuple[str, StoredPoint]]) -> list[tuple[str, StoredPoint]]:
    """The points without those that another source repeats: later papers print earlier papers' results, and a value
    that two of them print was measured once."""
    alike: dict[tuple[str, Design, str, int | None], list[Point]] = {}
    kept, repeats = [], 0
    for name, found in others:
        point, celsius = found.point, found.point.conditions.test_temperature
        about = (name, point.design, point.unit, None if celsius is None else round(celsius))
        before = alike.setdefault(about, [])
        if any(_repeats(point, other) for other in before):
            repeats += 1
            continue
        before.append(point)
        kept.append((name, found))
    if repeats:
        log.info("%d points repeat what another source says of the same alloy, and count once with it", repeats)
    return kept


def _repeats(point: Point, other: Point) -> bool:
    if point.value is None or other.value is None or point.source == other.source:
        return False
    return math.isclose(point.value, other.value, rel_tol=SAME_VALUE)


def _measurements(
    own: Sequence[tuple[str, StoredPoint]], properties: Mapping[str, Property]
) -> Iterator[tuple[Observation, None]]:
    """Points that count as the campaign's own measurements; those that cannot be true of the property are told."""
    for name, found in own:
        point, quantity = found.point, in_unit_of(found.point, properties[name])
        if quantity is None:
            log.warning("point %d cannot be %s: %s %s", found.id, name, point.value, point.unit)
            continue
        stds = {} if quantity.std is None else {name: quantity.std}
        yield Observation(point.design, {name: quantity.value}, point.source, None, stds), None
