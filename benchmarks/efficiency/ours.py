"""The loop itself by ask and tell: `Campaign.suggest` and `Campaign.observe`, in one process."""

from __future__ import annotations

import logging
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from alloys.design import Design
from alloys.errors import InputError
from alloys.space import Points
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import BrokenProtocolError, History
from loop.config.schema import CampaignConfig

if TYPE_CHECKING:
    from loop.campaign import Campaign


class Ours:
    """A campaign of the same configuration and seed, in a folder of its own, whose answers are brought by hand.

    Args:
        problem: what is asked.
        q: alloys in a batch.
        name: the method's.
        overrides: ``key=value`` texts for the configuration.
        generators: False for random compositions and neighbours alone; as many candidates are then ranked.
    """

    def __init__(
        self, problem: Problem, q: int, name: str, overrides: Sequence[str] = (), *, generators: bool = True
    ) -> None:
        self.name = name
        self._problem, self._q, self._generators = problem, q, generators
        # The campaign is closed and its folder goes when the method does.
        self._stack = ExitStack()
        weakref.finalize(self, self._stack.close)
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._config = own_config(problem.config, Path(folder), overrides, generators=generators)
        self._campaign: Campaign | None = None
        self._told = 0

    def propose(self, history: History) -> Points:
        """The batch, shape ``(q, d)``."""
        logging.getLogger("loop").setLevel(logging.WARNING)
        if self._campaign is None:
            self._campaign = self._stack.enter_context(_open(self._config, generators=self._generators))
            self._same_start(history)
        self._campaign.observe(self._answers(history))
        self._told = len(history)
        return self._points(self._campaign.suggest(self._q))

    def _same_start(self, history: History) -> None:
        assert self._campaign is not None
        if self._points(self._campaign.suggest(len(history))).tolist() != history.points.tolist():
            raise BrokenProtocolError("the campaign's own start is not the one that was asked")

    def _points(self, suggested: pd.DataFrame) -> Points:
        space = self._problem.space
        rows = [space.point_of(Design.parse(formula)) for formula in suggested["formula"]]
        return np.array(rows, dtype=np.int64)

    def _answers(self, history: History) -> pd.DataFrame:
        """Everything that validation said since the last batch, as `Campaign.observe` takes it."""
        space, failed = self._problem.space, history.failed(self._problem.validated)
        rows: list[dict[str, Any]] = []
        for i in range(self._told, len(history)):
            known = {} if failed[i] else self._problem.answers.of(space, history.points[i])
            row = {"formula": str(space.design(history.points[i])), **known}
            rows.append({**row, "failure": "no values came back" if failed[i] else ""})
        return pd.DataFrame(rows)


def own_config(
    config: CampaignConfig, folder: Path, overrides: Sequence[str] = (), *, generators: bool = True
) -> CampaignConfig:
    """The configuration of a campaign that is driven by hand in a folder.

    Raises:
        InputError: for an override that is not ``key=value``.
    """
    from loop.config.yaml_lines import parse_value

    document = config.model_dump(mode="json", by_alias=True)
    document |= {"validator": {"name": "external"}, "directory": str(folder), "tracking": {"enabled": False}}
    document["cluster"] = {"executor": "local"}
    if not generators:
        document["screening"]["random"] += document["generator"]["proposals"]
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator:
            raise InputError(f"an override is key=value with a dotted key, got {override!r}")
        *sections, last = key.split(".")
        target = document
        for section in sections:
            target = target[section]
        target[last] = parse_value(text)
    return CampaignConfig.model_validate(document)


def _open(config: CampaignConfig, *, generators: bool) -> Campaign:
    from loop.campaign import Campaign

    class WithoutGenerators(Campaign):
        """Trains nothing, so that nothing but random compositions and neighbours is proposed."""

        def _train(self, *arguments: Any) -> list[Any]:
            return []

    return (Campaign if generators else WithoutGenerators).open(config)
