"""What people do to a campaign as it goes on: checked against where it stands, then recorded once, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alloys.errors import InputError
from loop.config.steered import by, pause_in, stops_in
from loop.people.queue_report import moment
from loop.store import Act, ActKind, CampaignStore, IterationState
from loop.summaries import campaign_state


@dataclass(frozen=True, slots=True)
class Steered:
    """An act that was recorded.

    Attributes:
        act: as it is in the log.
        withdrawn: keys of jobs that it ended.
        lines: what comes of it, in words.
    """

    act: Act
    withdrawn: tuple[str, ...]
    lines: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {**act_document(self.act), "withdrawn": list(self.withdrawn)}


def act_document(act: Act) -> dict[str, Any]:
    """An act in the documents of ``--json``."""
    told = {"act": act.id, "at": moment(act.at), "who": act.who, "kind": str(act.kind), "why": act.why}
    return {**told, "detail": dict(act.detail)}


def act_text(act: Act) -> str:
    """An act in one line, such as ``excludes W``."""
    told = _TEXTS[act.kind].format(**act.detail)
    return f"{act.id}  {moment(act.at)}  {act.who}: {told}" + (f" ({act.why})" if act.why else "")


_TEXTS = {
    ActKind.PAUSE: "pauses the campaign",
    ActKind.RESUME: "lets it go on",
    ActKind.STOP: "stops after iteration {after}",
}


def pause(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The driver hands out nothing new until the campaign is resumed.

    Raises:
        InputError: if it is paused or finished.
    """
    acts = store.acts()
    _refuse_finished(store)
    paused = pause_in(acts)
    if paused is not None:
        raise InputError(f"the campaign {store.campaign().name!r} is paused already, {by(paused)} (act {paused.id})")
    return _recorded(store, ActKind.PAUSE, acts, who, why, "paused: what runs is finished, and nothing new begins")


def resume(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The driver goes on, and takes no heed of stops that were asked for.

    Raises:
        InputError: if the campaign is neither paused nor to stop.
    """
    acts, name = store.acts(), store.campaign().name
    if pause_in(acts) is None and not _stops_to_come(store, acts):
        raise InputError(f"the campaign {name!r} is neither paused nor to stop: there is nothing to resume")
    line = "it goes on" if store.driver() is not None else "it goes on with the next `alloyloop run`"
    return _recorded(store, ActKind.RESUME, acts, who, why, line)


def stop(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The run ends after the iteration that was begun last.

    Raises:
        InputError: if nobody runs the campaign, it is paused, or it is to stop already.
    """
    acts, name = store.acts(), store.campaign().name
    _refuse_finished(store)
    if pause_in(acts) is not None:
        raise InputError(f"the campaign {name!r} is paused: resume it first, or end its run by SIGTERM (Ctrl-C)")
    coming = _stops_to_come(store, acts)
    if coming:
        raise InputError(f"the campaign {name!r} stops after iteration {coming[-1].detail['after']} already")
    if store.driver() is None:
        raise InputError(f"nobody runs the campaign {name!r}, so there is nothing to stop")
    after = max(len(store.iterations()) - 1, 0)
    line = f"the run ends when iteration {after} is closed; `alloyloop run` goes on from there"
    return _recorded(store, ActKind.STOP, acts, who, why, line, after=after)


def _recorded(
    store: CampaignStore, kind: ActKind, acts: list[Act], who: str, why: str, line: str, **detail: Any
) -> Steered:
    """Records what was checked against these acts."""
    number, ended = store.record_act(kind, detail, who=who, why=why, after=acts[-1].id if acts else 0)
    (act,) = (act for act in store.acts(number) if act.id == number)
    return Steered(act, tuple(ended), (line,))


def _refuse_finished(store: CampaignStore) -> None:
    """Refuses a campaign that a run has brought to its last iteration."""
    if store.facts().last_iteration is not None and campaign_state(store) == "finished":
        raise InputError(
            f"the campaign {store.campaign().name!r} is finished; `alloyloop run CONFIG --iterations N` goes on with it"
        )


def _stops_to_come(store: CampaignStore, acts: list[Act]) -> list[Act]:
    """Stops after iterations that are not closed."""
    closed = {it.index for it in store.iterations() if it.state is IterationState.CLOSED}
    return [act for act in stops_in(acts) if act.detail["after"] not in closed]
