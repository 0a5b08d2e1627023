"""How many designs a campaign begins with, and which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from alloys.design import Design
from alloys.problem import Problem
from alloys.records import Observation, Selection
from loop.choose.starting import StartPlan, initial_design
from loop.config.schema import START, CampaignConfig


def start_count(config: CampaignConfig, problem: Problem, known: Mapping[Design, Collection[str]]) -> int:
    """How many alloys are validated before the first proposal.

    With ``auto`` it is none once all that validation answers is known of eight alloys of the palette, and of twice as
    many as it has elements; else so many that `START` are known.

    Args:
        config: the campaign's.
        problem: its problem.
        known: names of the properties that are known of each design.
    """
    if config.start.validate_count != "auto":
        return config.start.validate_count
    wanted, palette = set(problem.validated), set(problem.elements)
    complete = sum(
        wanted <= set(names) for design, names in known.items() if set(design.composition.elements) <= palette
    )
    enough = max(8, 2 * len(palette))
    return 0 if complete >= enough else max(START, enough) - complete


def first_designs(
    config: CampaignConfig,
    problem: Problem,
    table: Sequence[Design],
    known: Mapping[Design, Collection[str]],
    *,
    count: int | None = None,
    seen: Sequence[Design] = (),
) -> list[Selection]:
    """The start: known alloys and a space-filling design; none if enough is known.

    With ``auto`` a space of fewer designs gives those it has.

    Args:
        config: the campaign's.
        problem: its problem.
        table: known alloys.
        known: names of the properties that are known of each design.
        count: how many, in place of as many as are missing.
        seen: designs that are not asked again.

    Raises:
        InputError: if there are too few.
    """
    wanted = start_count(config, problem, known)
    if not wanted:
        return []
    least = int(not known) if config.start.validate_count == "auto" else None
    rules = config.batch_limits.rules(problem.space)
    plan = StartPlan(count or wanted, config.start.from_table, config.batch, rules or None, least)
    return initial_design(problem, table, plan, config.seed, seen=seen)


def names_by_design(rows: Iterable[Observation]) -> dict[Design, set[str]]:
    """Names of the properties that results tell of each design."""
    known: dict[Design, set[str]] = {}
    for row in rows:
        known.setdefault(row.design, set()).update(row.values)
    return known
