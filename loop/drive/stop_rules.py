"""Whether a campaign has done enough by its own rules: see `docs/concepts/steering.md` for what each promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from alloys.goal import Constraint
from loop.choose.proposal import Chosen
from loop.drive.opened import OpenCampaign
from loop.execute.spans import summary
from loop.store import ActKind, ActsChanged, IterationState
from loop.view import View

NEXT_TO_NOTHING = 0.005
"""Share of the hypervolume that so many iterations without gain may add."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A rule that says stop.

    Attributes:
        rule: its key in the configuration.
        limit: what the configuration says.
        value: what was reached.
        text: the same in words.
    """

    rule: str
    limit: float
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class StopRules:
    """The rules of a campaign's configuration.

    Attributes:
        campaign: an open campaign.
    """

    campaign: OpenCampaign

    def before(self, index: int) -> Reached | None:
        """The rule by which the batch of an iteration, at least 1, does not begin; None where none speaks."""
        stop = self.campaign.config.stop
        told: list[tuple[object, Callable[[View], Reached | None]]] = [
            (stop.validations, self._validations),
            (stop.cost, self._cost),
            (stop.hours, self._hours),
            (stop.target, self._target),
            (stop.no_gain, self._no_gain),
        ]
        asked = [rule for limit, rule in told if limit]
        if not asked:
            return None
        view = self.campaign.view()
        return next((found for rule in asked if (found := rule(view)) is not None), None)

    def after(self, chosen: Chosen, view: View) -> Reached | None:
        """The rule by which a batch that was chosen is not worth its validation; None where none speaks."""
        limit, picks = self.campaign.config.stop.gain, chosen.selections
        if limit is None or not picks or chosen.notes["screening"]["mode"] != "improvement":
            return None
        volume, gain = view.hypervolume(view.rows), math.exp(max(pick.score for pick in picks))
        if volume <= 0 or gain >= limit * volume:
            return None
        share = gain / volume
        return Reached("gain", limit, share, f"the best candidate is expected to add {share:.2g} of the hypervolume")

    def record(self, reached: Reached, index: int) -> str:
        """Records that a rule ended the campaign before an iteration, once, and says so in words."""
        store, name = self.campaign.store, self.campaign.config.name
        same = {"rule": reached.rule, "limit": reached.limit, "before": index}
        recorded = False
        while not recorded:
            acts = store.acts()
            ends = [act.detail for act in acts if act.kind is ActKind.END]
            recorded = bool(ends) and same.items() <= dict(ends[-1]).items()
            if not recorded:
                detail, last = {**same, "value": reached.value}, acts[-1].id if acts else 0
                with suppress(ActsChanged):  # somebody did something meanwhile
                    store.record_act(ActKind.END, detail, who=name, why=reached.text, after=last)
        return f"stopped before iteration {index} by stop.{reached.rule}: {reached.text}; another limit lets it go on"

    def _validations(self, view: View) -> Reached | None:
        limit, asked = self.campaign.config.stop.validations or 0, sum(self.campaign.store.asked_counts().values())
        batch = view.config.batch
        if asked + batch <= limit:
            return None
        return Reached("validations", limit, asked, f"{asked} of at most {limit} are asked for, a batch has {batch}")

    def _cost(self, view: View) -> Reached | None:
        config = self.campaign.config
        each = [entry.cost or 0.0 for entry in config.validators] or [config.validator.cost or 0.0]
        spent = sum(each[tier] * count for tier, count in self.campaign.store.asked_counts().items())
        limit, batch = config.stop.cost or 0.0, view.config.batch * each[0]
        if spent + batch <= limit:
            return None
        return Reached("cost", limit, spent, f"{spent:g} of at most {limit:g} is spent, a batch costs {batch:g}")

    def _hours(self, view: View) -> Reached | None:
        limit, shares = self.campaign.config.stop.hours or 0.0, summary(self.campaign.store)
        hours = shares.seconds / 3600.0 if shares is not None else 0.0
        return (
            Reached("hours", limit, hours, f"it ran for {hours:.3g} h of at most {limit:g}") if hours >= limit else None
        )

    def _target(self, view: View) -> Reached | None:
        texts, properties = self.campaign.config.stop.target, view.problem.properties
        targets = [Constraint.parse(text, properties) for text in texts]
        there = [row for row in view.ranked() if row.feasible and all(t.met(row.confirmed) for t in targets)]
        if not there:
            return None
        return Reached("target", len(targets), len(there), f"{there[0].design} keeps {' and '.join(texts)}")

    def _no_gain(self, view: View) -> Reached | None:
        count = self.campaign.config.stop.no_gain or 0
        closed = [it.index for it in self.campaign.store.iterations() if it.state is IterationState.CLOSED]
        if len(closed) <= count:
            return None
        before, now = (view.hypervolume(view.upto(index)) for index in (closed[-1 - count], closed[-1]))
        if before <= 0 or now > before * (1 + NEXT_TO_NOTHING):
            return None
        return Reached("no_gain", count, now / before - 1, f"{count} iterations added next to nothing to {now:.4g}")
