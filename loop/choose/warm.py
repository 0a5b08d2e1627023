"""Which weights a family's training starts from: a function of the iteration and of what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alloys.errors import InputError
from loop.store import CampaignStore
from loop.store.files import inside

Warm = Literal["none", "first", "last"]


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Weights of an earlier iteration, or none.

    Attributes:
        content: the weights; None for fresh ones.
        iteration: whose they are.
        note: why there are none although there should be, or empty.
    """

    content: bytes | None = None
    iteration: int | None = None
    note: str = ""


def warm_start(store: CampaignStore, folder: Path, family: str, warm: Warm, index: int) -> WarmStart:
    """The weights that a family's training in an iteration starts from.

    Args:
        store: the campaign's; weights are its artifacts ``generator.FAMILY``, named by the digest of their content.
        folder: the campaign's.
        family: whose weights.
        warm: none, or those of the family's first or last iteration before this one.
        index: the iteration that trains.
    """
    made = {
        artifact.iteration: artifact
        for artifact in store.artifacts()
        if artifact.name == f"generator.{family}" and artifact.iteration is not None and artifact.iteration < index
    }
    if warm == "none" or not made:
        return WarmStart()
    from generators.training.weights import read_file  # with torch, which the driver does without where nothing is warm

    chosen = min(made) if warm == "first" else max(made)
    try:
        return WarmStart(read_file(inside(folder, made[chosen].path)), chosen)
    except InputError as error:
        return WarmStart(note=f"trained fresh, not from the weights of iteration {chosen}: {error}")
