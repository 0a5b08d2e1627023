"""Who is measured: trained families and plain baselines, behind one shape.

League A learned from the labelled rows only; league B may call the reference model or the surrogate.

An entrant's name is ``NAME``, a family or a baseline; ``NAME+target``, the same sampled for its targets with the
oracle's help; ``NAME+own``, sampled for them with the help of a model learned from the same labelled rows
(`generators.training.forward`), which leaves it in its league; and any with ``@LABEL`` behind, which sets it apart from
others of that name with other settings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from alloys.errors import InputError
from generators.asking.resampling import TargetSampler, TargetSettings
from generators.evaluation.baselines import ImportanceResampling, NearestNeighbours, ProjectedNeighbours
from generators.evaluation.oracle import Oracle
from generators.evaluation.table import LabelledAlloys
from generators.interface import Sampler
from generators.registry import family_names, preset, settings_of
from generators.train import train
from generators.training.forward import MixtureModel

League = Literal["A", "B"]
EntrantSettings = Mapping[str, Mapping[str, Any]]
"""Values that differ from the defaults, by entrant."""

TARGET = "+target"
"""Ending of the names of entrants that are sampled for their targets with the oracle's help."""

OWN = "+own"
"""Ending of the names of entrants that are sampled for their targets with the help of a model of the labelled rows."""

BEST = "flow"
"""The family that both endings enter with where nobody is named: the one that they served best."""

QUICK = 8
"""A first look trains for a share of a family's epochs: one in so many."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


Train = Callable[[LabelledAlloys, Oracle, int], Sampler]
"""Makes a sampler from labelled rows, an oracle that only league B looks at, and a seed."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """One row of the table.

    Attributes:
        name: a family's or a baseline's name, with its endings.
        league: what it may use.
        train: makes its sampler; travels to other processes as long as it is no closure.
        settings: every setting of the family, and of the sampling for targets, under ``family`` and ``target``.
    """

    name: str
    league: League
    train: Train
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _FamilyTraining:
    """Trains a family."""

    name: str
    settings: Mapping[str, Any]
    device: str

    def __call__(self, data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        settings, device = self.settings, self.device
        model = train(
            self.name, data.space, data.names, data.points, data.values, settings, seed=seed, device=device, threads=1
        )
        return model.generator()


@dataclass(frozen=True, slots=True)
class Targeted:
    """Trains another entrant and samples it for its targets.

    Attributes:
        base: trains the other.
        settings: of the sampling.
        own: whether properties are those of a model learned from the labelled rows, not the oracle's.
    """

    base: Train
    settings: TargetSettings
    own: bool = False

    def __call__(self, data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        """Both."""
        return self.around(self.base(data, oracle, seed), data, oracle)

    def around(self, sampler: Sampler, data: LabelledAlloys, oracle: Oracle) -> Sampler:
        """What is trained already, sampled for its targets."""
        properties = MixtureModel(data.fractions, data.values) if self.own else oracle
        return TargetSampler(sampler, data.space, data.points, properties, self.settings)


def family_entrant(
    name: str, settings: Mapping[str, Any] | None = None, device: str = "auto", rows: int = 0, *, quick: bool = False
) -> Entrant:
    """A family, trained as its settings say; others are those for that many rows.

    Args:
        name: the family.
        settings: those that differ.
        device: where it is trained.
        rows: labelled rows.
        quick: whether it is trained for a share of its epochs, where the settings name none.

    Raises:
        InputError: for an unknown family or setting, or a value out of range.
    """
    given = {**preset(name, rows), **(settings or {})}
    complete = settings_of(name, given)
    if quick and "epochs" not in (settings or {}):
        complete = settings_of(name, {**given, "epochs": math.ceil(complete["epochs"] / QUICK)})
    return Entrant(name, "A", _FamilyTraining(name, complete, device), {"family": complete})


def target_entrant(base: Entrant, settings: TargetSettings | None = None, *, own: bool = False) -> Entrant:
    """An entrant sampled for its targets: trained as it is, its draws refined and chosen.

    Args:
        base: the entrant.
        settings: of the sampling; None for the defaults.
        own: whether a model learned from the labelled rows alone says what properties a draw has: then the entrant
            stays in its league. Else the oracle does: league B.
    """
    chosen = settings or TargetSettings()
    train, complete = Targeted(base.train, chosen, own), {**base.settings, "target": chosen.to_json()}
    return Entrant(base.name + (OWN if own else TARGET), base.league if own else "B", train, complete)


def _nearest(data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
    return NearestNeighbours(data)


BASELINES: dict[str, Entrant] = {
    entrant.name: entrant
    for entrant in (
        Entrant("nearest", "A", _nearest),
        Entrant("nearest_projected", "B", ProjectedNeighbours.train),
        Entrant("importance", "B", ImportanceResampling.train),
    )
}
"""Entrants without a network, by name."""


@dataclass(frozen=True, slots=True)
class _Name:
    """An entrant's name in its parts."""

    text: str
    bare: str
    ending: str
    label: str

    @classmethod
    def parse(cls, text: str) -> _Name:
        """Reads ``NAME[+target|+own][@LABEL]``.

        Raises:
            InputError: for a name that is neither a family nor a baseline, or a label with other signs.
        """
        front, at, label = text.partition("@")
        ending = next((each for each in (TARGET, OWN) if front.endswith(each)), "")
        bare = front.removesuffix(ending)
        if bare not in family_names() and bare not in BASELINES:
            raise InputError(
                f"unknown generator family {text!r}; available are {', '.join(family_names())}, "
                f"and the baselines {', '.join(BASELINES)}, each also as NAME{TARGET} or NAME{OWN}"
            )
        if at and not _LABEL.fullmatch(label):
            raise InputError(f"the label after @ has letters, digits, '.', '_' and '-', at most 40, got {text!r}")
        return cls(text, bare, ending, label)

    def source(self, settings: EntrantSettings) -> Mapping[str, Any]:
        """The settings that its family is trained with: those of its own label, else the family's."""
        labelled = f"{self.bare}@{self.label}"
        return settings.get(labelled if self.label and labelled in settings else self.bare) or {}


def entrants(
    names: Sequence[str] = (), settings: EntrantSettings | None = None, rows: int = 0, *, quick: bool = False
) -> list[Entrant]:
    """Families and baselines by name, in that order; all of them, and `BEST` in all three ways, where none is named.

    Args:
        names: families or baselines; with ``+target`` behind, sampled for their targets; with ``@LABEL`` behind,
            an entrant of ``settings``. Where none is named, every labelled entrant of ``settings`` takes part.
        settings: values that differ from the defaults, by entrant: of training for ``NAME``, of `TargetSettings`
            for ``NAME+target``. ``NAME+target`` is trained as ``NAME`` is; ``NAME+target@LABEL`` as
            ``NAME@LABEL`` where there is one, else as ``NAME``. The same holds for ``NAME+own``.
        rows: labelled rows, for the families' settings (`generators.registry.preset`).
        quick: as in `family_entrant`.

    Raises:
        InputError: for an unknown name, or settings that `check_settings` finds fault with.
    """
    given = settings or {}
    for mistake in check_settings(given):
        raise InputError(": ".join((*mistake[0], mistake[1])))
    for name in map(_Name.parse, names):
        if name.label and name.text not in given:
            raise InputError(f"{name.text!r} has a label, but there are no settings of that name; give them")
    everything = (*family_names(), BEST + OWN, BEST + TARGET, *BASELINES, *(name for name in given if "@" in name))
    chosen = tuple(dict.fromkeys(names)) or everything
    return [_entrant(_Name.parse(name), given, rows, quick=quick) for name in chosen]


def _entrant(name: _Name, settings: EntrantSettings, rows: int, *, quick: bool) -> Entrant:
    neural = name.bare in family_names()
    source = name.source(settings)
    found = family_entrant(name.bare, source, rows=rows, quick=quick) if neural else BASELINES[name.bare]
    if name.ending:
        chosen = TargetSettings.from_mapping(settings.get(name.text) or {})
        found = target_entrant(found, chosen, own=name.ending == OWN)
    return Entrant(name.text, found.league, found.train, found.settings)


def check_settings(settings: EntrantSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every mistake in settings by entrant: where it is, an entrant or one of its settings, and what it is."""
    for text, values in settings.items():
        try:
            name = _Name.parse(text)
        except InputError as error:
            yield (text,), str(error)
            continue
        if not isinstance(values or {}, Mapping):
            yield (text,), f"settings are a mapping of names to values, got {values!r}"
        elif not name.ending and name.bare in BASELINES:
            yield (text,), f"the baseline {name.bare} has no settings; {name.bare}{TARGET} and {name.bare}{OWN} have"
        else:
            yield from _value_mistakes(name, values or {})


def _value_mistakes(name: _Name, values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in values.items():
        try:
            if name.ending:
                TargetSettings.from_mapping({key: value})
            else:
                settings_of(name.bare, {key: value})
        except InputError as error:
            yield (name.text, key), str(error)
