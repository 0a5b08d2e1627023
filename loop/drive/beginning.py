"""What a campaign begins with: its own files of results, and those of another campaign; each is recorded once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from alloys.design import Design
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.records import Observation
from loop.config.data import DataFile
from loop.store import CampaignStore, DataEventKind

log = logging.getLogger(__name__)


def record_files(store: CampaignStore, files: Sequence[DataFile], name: str) -> None:
    """Records the rows of a campaign's files where that was not done yet.

    Raises:
        InputError: if a file changed between the making of the campaign and the recording of its rows.
    """
    made_with = store.campaign().config.get("data", [])
    done = [event.detail for event in store.data_events() if event.kind is DataEventKind.START]
    for i, (file, digest) in enumerate(zip(files, made_with, strict=True)):
        recorded = any(detail.get("entry") == i for detail in done)
        if file.sha256 != digest and not recorded:
            raise InputError(f"{file.entry.file} changed since the campaign {name!r} was made; take it back")
        if file.sha256 != digest:
            log.warning(
                "%s changed since the campaign began; `alloyloop data add %s %s` brings its new rows",
                *(file.entry.file, name, file.entry.file),
            )
        if recorded:
            continue
        for note in file.notes:
            log.warning("left out: %s", note)
        for told in file.told:
            log.warning("%s", told)
        detail = {"entry": i, "file": file.entry.file, "sha256": digest}
        store.add_data(file.rows, DataEventKind.START, who=name, detail=detail)


def _told(seen: Observation, source: str) -> tuple[Design, str, tuple[tuple[str, float], ...]]:
    """What makes a result another one: the design, who told it, and the values."""
    return seen.design, source, tuple(sorted(seen.values.items()))


def record_campaign(store: CampaignStore, old: CampaignStore, problem: Problem) -> None:
    """Records another campaign's results where that was not done yet.

    Args:
        store: of the campaign that begins.
        old: of the other one.
        problem: of the campaign that begins, whose properties are taken.

    Raises:
        InputError: if the campaign began without them, there is nothing to take, or a unit is another.
    """
    name = old.campaign().name
    if any(event.detail.get("campaign") == name for event in store.data_events()):
        return
    if store.iterations():
        raise InputError(
            f"the campaign {store.campaign().name!r} began without the results of {name!r}; use another name"
        )
    wanted, rows = problem.validated, []
    for prop in wanted:
        told, unit = old.properties.get(prop), problem.properties[prop].unit
        if told is not None and told.unit != unit:
            raise InputError(f"{prop} is in {told.unit} in the campaign {name!r}, and in {unit} here; use one unit")
    here = {_told(each.observation, each.observation.source) for each in store.observations()}
    for stored in old.observations():
        seen = stored.observation
        values, stds = ({n: v for n, v in each.items() if n in wanted} for each in (seen.values, seen.stds))
        taken = Observation(seen.design, values, f"campaign {name}: {seen.source}", None, stds)
        # A file that both campaigns begin with is there already.
        if values and _told(taken, seen.source) not in here:
            rows.append(taken)
    if not rows and not here:
        raise InputError(f"the campaign {name!r} has no results of {', '.join(wanted)} to begin with")
    detail = {"campaign": name, "dataset_digest": old.dataset_digest()}
    store.add_data(rows, DataEventKind.CAMPAIGN, who=store.campaign().name, detail=detail)
