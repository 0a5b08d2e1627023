"""What people do to a campaign from another shell, as its driver learns of it at its safe points."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from alloys.errors import PeopleNeededError
from alloys.records import Candidate, Selection
from alloys.space import Space
from loop.config.lookup import said_directory
from loop.config.steering.in_force import CHOOSING, by, in_force, pause_in, stops_in
from loop.drive.opened import OpenCampaign
from loop.store import Act, ActKind, IterationState
from loop.store.queue.moves import Refuses
from loop.view import outside

log = logging.getLogger(__name__)


@dataclass
class Steering:
    """What was done to a campaign until the driver last looked.

    Attributes:
        campaign: an open campaign.
        acts: everything, oldest first.
    """

    campaign: OpenCampaign
    acts: list[Act] = field(default_factory=list)
    _over: set[int] = field(default_factory=set)
    _space: Space | None = None
    _placed: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """At the begin of a run: a stop after an iteration that is closed has been obeyed, and counts no more.

        Raises:
            PeopleNeededError: if the campaign is paused, saying by whom, and how it goes on.
        """
        self.look()
        closed = {it.index for it in self.campaign.store.iterations() if it.state is IterationState.CLOSED}
        self._over = {act.id for act in stops_in(self.acts) if act.detail["after"] in closed}
        if self.paused is not None:
            config = self.campaign.config
            where = said_directory(config.directory)
            raise PeopleNeededError(
                f"the campaign {config.name!r} was paused {by(self.paused)}; `alloyloop resume {config.name}{where}` "
                "lets it go on, then run the same command again"
            )

    def look(self) -> None:
        """Reads what was done since the last look."""
        if self.campaign.store.last_act() != self.last:
            self.acts = self.campaign.store.acts()
            excluded = any(act.kind is ActKind.EXCLUDE for act in self.acts)
            wanted = in_force(self.campaign.config, self.campaign.problem, self.acts)
            self._space = wanted.problem.space if excluded else None

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
        return next((act for act in reversed(stops_in(self.acts)) if act.id not in self._over), None)

    def outdated(self, shown: int) -> bool:
        """Whether what was chosen after an act is not what people want by now."""
        self.look()
        return any(act.id > shown and act.kind in CHOOSING for act in self.acts)

    @property
    def refuses(self) -> Refuses | None:
        """Why a design is no longer to be validated; None where nothing was excluded."""
        space = self._space
        return None if space is None else lambda design: outside(space, design)

    def add(self, validating: Sequence[int]) -> None:
        """Puts designs that people added, and that nobody asked for yet, into the iteration that was begun last.

        Args:
            validating: iterations that are validating, oldest first; without one the designs wait.
        """
        added = [act for act in self.acts if act.kind is ActKind.ADD and act.id not in self._placed]
        if not added or not validating:
            return
        campaign = self.campaign
        known = {proposal.selection.candidate.design for proposal in campaign.store.proposals()}
        for act in added:
            design = campaign.store.design(act.detail["design"])
            self._placed.add(act.id)
            if design in known or (self._space is not None and outside(self._space, design)):
                continue
            selection = Selection(Candidate(design, "by hand"), 0, 0.0, f"added {by(act)}")
            request = campaign.request(selection)
            campaign.store.extend_batch(validating[-1], selection, request, by_hand=campaign.tiers[0].by_hand)
            log.info("iteration %d: %s, added %s", validating[-1], design, by(act))
