"""Choosing a batch as plain data: what the choice needs, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alloys.records import Selection
from generators.train import TrainedModel
from loop.choose.steps import KnownDesigns
from loop.execute.spans import Span
from loop.view import View

if TYPE_CHECKING:
    from surrogates.choosing.stream import Spreader


@dataclass(frozen=True, slots=True)
class Chosen:
    """A batch and how it came about.

    Attributes:
        selections: the batch, best first.
        notes: what the campaign's database keeps of the choice: ``generators``, ``screening``, ``calibration``.
        spans: when the surrogate was fitted, candidates were proposed, and the batch was chosen.
        short: why the rules of a batch make it smaller than was asked for, in words; empty where they do not.
    """

    selections: list[Selection]
    notes: Mapping[str, Any]
    spans: tuple[Span, ...]
    short: str = ""


@dataclass(frozen=True, slots=True)
class ProposalJob:
    """What choosing a batch needs.

    Attributes:
        view: what is known and what is pending.
        known: what the generators were trained on.
        models: trained generators, each with how many candidates it may draw.
        index: the iteration.
        batch: how many alloys.
        spreader: who looks at the blocks of a long pool, threads if None; what is chosen does not depend on it.
    """

    view: View
    known: KnownDesigns
    models: tuple[tuple[TrainedModel, int], ...]
    index: int
    batch: int
    spreader: Spreader | None = None
