"""What is noted of an iteration: typed, as JSON both ways, and nothing that results are read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from loop.store.errors import StoreError


@dataclass(frozen=True, slots=True)
class ProposalInputs:
    """What a proposal is shown, stored with its iteration before any work on it begins.

    Attributes:
        ahead: how many of the last batch's validations may be open.
        hidden: keys of jobs that count as open, whether they are or not; the rest is answered.
        late: those of them that were to be waited for, and did not come.
        acts: number of the last act that it is shown; 0 for none.
    """

    ahead: int = 0
    hidden: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    acts: int = 0


@dataclass(frozen=True, slots=True)
class WarmWeights:
    """The weights that a training began with: whose, and the digest of their content."""

    iteration: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class GeneratorUse:
    """How a trained generator was used: its digest, how many candidates it drew, and the share valid at once."""

    digest: str
    proposals: int
    first_draw_valid: float | None = None
    guided: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """How the batch was chosen.

    Attributes:
        mode: what the acquisition looked for.
        counts: candidates left after each step.
        lost: what the short list may have lost; see `surrogates.choosing.picks`.
        proposed: candidates by origin.
        notes: what the surrogate had to say.
        surrogate: its digest.
    """

    mode: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, float] = field(default_factory=dict)
    proposed: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    surrogate: str = ""


@dataclass(frozen=True, slots=True)
class TierAsked:
    """What one tier was asked in a round: alloys that passed and that were asked, expected seconds and gain."""

    passed: int = 0
    asked: int = 0
    seconds: float = 0.0
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Promotions:
    """One round in which alloys went on to further tiers; ``validators`` by label."""

    asked: int = 0
    validators: Mapping[str, TierAsked] = field(default_factory=dict)
    surrogate: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleShares:
    """Who was idle since the iteration before was closed: see `loop.execute.spans.Shares`; times in unix seconds."""

    seconds: float
    slots: int
    idle: float
    driver: float
    unvalidated: float
    begin: float = 0.0
    end: float = 0.0
    waited: float = 0.0
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What an iteration had come to when it was closed; ``observations`` were known and ``acts`` done by then."""

    feasible: int
    failed: int
    hypervolume: float
    observations: int
    acts: int = 0


@dataclass(frozen=True, slots=True)
class IterationNotes:
    """All that is noted of an iteration.

    Attributes:
        inputs: what its proposal was shown.
        warm: by family, the weights that its training began with; None for fresh ones.
        training: reports of the trainings by family.
        generators: how they were used, by family.
        screening: how the batch was chosen.
        calibration: leave-one-out scores of the surrogate by property.
        promotions: rounds in which alloys went on to further tiers.
        timeline: spans of time: lane, work, begin and end in unix seconds.
        schedule: who was idle.
        summary: what it had come to.
    """

    inputs: ProposalInputs | None = None
    warm: Mapping[str, WarmWeights | None] = field(default_factory=dict)
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    generators: Mapping[str, GeneratorUse] = field(default_factory=dict)
    screening: Screening = field(default_factory=Screening)
    calibration: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    promotions: tuple[Promotions, ...] = ()
    timeline: tuple[tuple[str, str, float, float], ...] = ()
    schedule: ScheduleShares | None = None
    summary: Summary | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain document without what is not noted."""
        document: dict[str, Any] = _adapter().dump_python(self, exclude_defaults=True)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> IterationNotes:
        """Reads what `to_json` wrote, or an older program; names that are not known are passed over."""
        return _adapter().validate_python(dict(document))

    def with_notes(self, **noted: Any) -> IterationNotes:
        """These notes with some replaced, each given as its record or as a plain document.

        Raises:
            StoreError: for a name that notes do not have, or something that is not what it should be.
        """
        known = [each.name for each in fields(self)]
        unknown = [name for name in noted if name not in known]
        if unknown:
            raise StoreError(f"an iteration has no notes called {', '.join(unknown)}; it has {', '.join(known)}")
        try:
            return self.from_json({name: getattr(self, name) for name in known} | noted)
        except ValidationError as error:
            raise StoreError(f"not the notes of an iteration: {error}") from error


@cache
def _adapter() -> TypeAdapter[IterationNotes]:
    return TypeAdapter(IterationNotes)
