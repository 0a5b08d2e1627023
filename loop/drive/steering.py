"""What people do to a campaign from another shell, as its driver learns of it at its safe points."""

from __future__ import annotations

from dataclasses import dataclass, field

from alloys.errors import PeopleNeededError
from loop.config.schema import CampaignConfig
from loop.config.steered import by, pause_in, stops_in
from loop.store import Act, CampaignStore, IterationState


@dataclass
class Steering:
    """What was done to a campaign until the driver last looked.

    Attributes:
        store: the campaign's.
        acts: everything, oldest first.
    """

    store: CampaignStore
    acts: list[Act] = field(default_factory=list)
    _done: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """At the begin of a run: a stop after an iteration that is closed has been obeyed, and counts no more."""
        self.look()
        closed = {it.index for it in self.store.iterations() if it.state is IterationState.CLOSED}
        self._done = {act.id for act in stops_in(self.acts) if act.detail["after"] in closed}

    def look(self) -> None:
        """Reads what was done since the last look."""
        if self.store.last_act() != self.last:
            self.acts = self.store.acts()

    @property
    def last(self) -> int:
        """The number of the last act."""
        return self.acts[-1].id if self.acts else 0

    @property
    def paused(self) -> Act | None:
        """The act that paused the campaign, where it is paused."""
        return pause_in(self.acts)

    @property
    def stop(self) -> Act | None:
        """The act after whose iteration the run ends, if there is one."""
        return next((act for act in reversed(stops_in(self.acts)) if act.id not in self._done), None)

    def refuse_paused(self, config: CampaignConfig) -> None:
        """Refuses to begin where the campaign is paused.

        Raises:
            PeopleNeededError: saying by whom, and how it goes on.
        """
        if self.paused is not None:
            where = "" if config.directory == "campaigns" else f" --directory {config.directory}"
            raise PeopleNeededError(
                f"the campaign {config.name!r} was paused {by(self.paused)}; `alloyloop resume {config.name}{where}` "
                "lets it go on, then run the same command again"
            )
