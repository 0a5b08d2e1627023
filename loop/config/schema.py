"""The configuration of a campaign: what a YAML file may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from alloys.errors import InputError, MistakesError
from alloys.goal import RESOLUTION
from alloys.intake.mapping import TableMap
from alloys.physics.combined import only_amounts
from alloys.physics.declaring import PropertySpec
from alloys.physics.registry import DEFAULT as DEFAULT_PHYSICS
from alloys.points.choice import PointChoice
from alloys.records import digest_of
from alloys.space import SpaceSpec, kinds_of_space
from loop.config.batches import BatchLimitsConfig
from loop.config.declared import with_declared
from loop.config.steering.stopping import StopConfig

_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
Name = Annotated[str, StringConstraints(pattern=f"^{_NAME}$")]
Fraction = Annotated[float, Field(gt=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _kind_of_space(given: Any) -> str:
    return str(given.get("kind", "alloy") if isinstance(given, dict) else getattr(given, "kind", "alloy"))


if TYPE_CHECKING:
    AnySpace = SpaceSpec
else:
    _KINDS = tuple(Annotated[spec, Tag(kind)] for kind, spec in kinds_of_space().items())
    AnySpace = Annotated[Union[_KINDS], Discriminator(_kind_of_space)]  # noqa: UP007
    """The design space, of whichever kind."""


_Count = Annotated[int, Field(ge=0, le=10_000)]
MOST_IN_BATCH = 256
START = 24
"""Compositions that are validated first where nothing is known."""


def rules_moved(data: Any) -> Any:
    """The document with constraints that name nothing but amounts, such as ``x_Al + x_Ti <= 0.3``, among the rules of
    a space that has rules: no design that breaks them is made at all."""
    space, constraints = (data.get(key) for key in ("space", "constraints")) if isinstance(data, dict) else (None, None)
    if not isinstance(space, dict) or not isinstance(constraints, list) or space.get("kind", "alloy") != "alloy":
        return data
    rules = [text for text in constraints if isinstance(text, str) and only_amounts(text)]
    known = space.get("rules", [])
    if not rules or not isinstance(known, list):
        return data
    others = [text for text in constraints if text not in rules]
    return {**data, "space": {**space, "rules": [*known, *rules]}, "constraints": others}


class StartConfig(_Strict):
    """Iteration 0: how many compositions are validated first, and where they come from.

    ``auto`` takes what is known into account: none where that is enough, else so many that `START` are known.
    """

    validate_count: Annotated[_Count | Literal["auto"], Field(alias="validate")] = "auto"
    from_table: Annotated[float, Field(ge=0, le=1)] = 0.5
    table: str | None = None


class GeneratorConfig(_Strict):
    """Which generators propose, how many candidates together, and their own settings.

    Either one ``family`` with its ``settings``, or ``families``: settings by family, side by side. ``warm`` says which
    weights a training starts from: fresh ones, or those of the family's first or last iteration. Where ``guided``,
    candidates are moved to their targets by closed forms and the surrogate.
    """

    family: str = "cvae"
    proposals: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    settings: dict[str, Any] = {}
    families: dict[str, dict[str, Any] | None] = {}
    warm: Literal["none", "first", "last"] = "none"
    guided: bool = True

    def members(self) -> dict[str, dict[str, Any]]:
        """Every family that proposes, with its settings."""
        if self.families:
            return {name: settings or {} for name, settings in self.families.items()}
        return {self.family: self.settings}


class SurrogateConfig(_Strict):
    """Whether the surrogate's hyperparameters are the most probable ones, or averaged over, or several models vote."""

    inference: Literal["map", "bayesian", "votes"] = "map"


class ChoiceConfig(_Strict):
    """What is sought: the ``best`` designs, or all of the ``top`` of a list, of which that is a ``share``.

    Without objectives all feasible designs are, and those that differ by ``resolution`` at.% count as different.
    """

    seek: Literal["best", "top"] = "best"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    resolution: Annotated[float, Field(ge=0, le=100)] = RESOLUTION


class ScreeningConfig(_Strict):
    """What joins the generator's candidates before ranking."""

    random: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    neighbours: bool = True


class ValidatorConfig(_Strict):
    """A validator and its settings; ``cost`` of one answer is money, in a currency of one's own."""

    name: str = "calphad"
    settings: dict[str, Any] = {}
    cost: Annotated[float, Field(ge=0)] | None = None


class TierConfig(_Strict):
    """One of several validators, which are listed from the cheapest to the last.

    ``gates`` are constraints on its answers; None takes those of the goal. ``hours`` limit its expected time in
    one iteration; None asks it for every alloy that passed the gates before. ``seconds`` of one answer are
    those that it declares if None, or ``measured``. ``cost`` of one answer is money.
    """

    name: str
    label: Name | None = None
    settings: dict[str, Any] = {}
    gates: list[str] | None = None
    hours: Annotated[float, Field(gt=0)] | None = None
    seconds: Annotated[float, Field(gt=0)] | Literal["measured"] | None = None
    cost: Annotated[float, Field(ge=0)] | None = None


class ValidationConfig(_Strict):
    """Whether new jobs wait for a person's approval before they are validated."""

    hold: bool = False


class ScheduleConfig(_Strict):
    """Whether the next batch is chosen while the last one is validated.

    ``ahead`` validations of the last batch may still be open then, see `loop.drive.schedule`. Where a validator's slot
    was idle for ``patience_seconds`` and half of the batch is answered, the choice does not wait for the rest.
    """

    mode: Literal["asynchronous", "synchronous"] = "asynchronous"
    ahead: Annotated[int, Field(ge=0, le=256)] | Literal["auto"] = "auto"
    patience_seconds: Annotated[float, Field(gt=0)] = 60.0

    @model_validator(mode="after")
    def _synchronous_waits_for_all(self) -> Self:
        if self.mode == "synchronous" and self.ahead not in ("auto", 0):
            raise ValueError("a synchronous schedule waits for every answer; leave ahead out, or give it 0")
        return self


class ClusterConfig(_Strict):
    """Where training and validation run: a Ray cluster, or this process.

    Each validation gets ``validation_cpus`` CPUs and, if given, ``validation_memory_mb`` MB of memory.
    """

    executor: Literal["ray", "local"] = "ray"
    address: str = "local"
    workers: PositiveInt = 2
    timeout_seconds: Annotated[float, Field(gt=0)] = 1800.0
    validation_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    validation_memory_mb: PositiveInt | None = None


class TrackingConfig(_Strict):
    """Where MLflow's store lies; paths are relative to the working directory."""

    enabled: bool = True
    folder: str = "mlruns"


class MaterialsConfig(_Strict):
    """The materials table that a campaign begins from and writes its verdicts to.

    What the same validator is known to have answered ``teach``es the campaign from its start, or is the ``answer``
    once it is asked for. ``points`` of other sources speak of properties of the campaign, by their names; with
    ``transfer`` the surrogate learns from those that are not its own.
    """

    table: Annotated[str, StringConstraints(min_length=1)] = "materials.db"
    known: Literal["teach", "answer"] = "teach"
    points: dict[str, PointChoice] = {}
    transfer: bool = True


class CampaignConfig(_Strict):
    """A whole campaign."""

    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    iterations: Annotated[int, Field(ge=0)] = 5
    batch: Annotated[int, Field(ge=1, le=MOST_IN_BATCH)] = 8
    batch_limits: BatchLimitsConfig = BatchLimitsConfig()
    laboratories: dict[Name, PositiveInt] = {}
    space: AnySpace
    physics: str = DEFAULT_PHYSICS
    properties: dict[str, PropertySpec] = {}
    objectives: list[str]
    constraints: list[str] = []
    reference_point: dict[str, float] = {}
    start: StartConfig = StartConfig()
    data: list[TableMap] = []
    materials: MaterialsConfig | None = None
    generator: GeneratorConfig = GeneratorConfig()
    surrogate: SurrogateConfig = SurrogateConfig()
    choice: ChoiceConfig = ChoiceConfig()
    screening: ScreeningConfig = ScreeningConfig()
    validator: ValidatorConfig = ValidatorConfig()
    validators: list[TierConfig] = []
    validation: ValidationConfig = ValidationConfig()
    stop: StopConfig = StopConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    cluster: ClusterConfig = ClusterConfig()
    tracking: TrackingConfig = TrackingConfig()
    directory: str = "campaigns"
    state: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _amounts_are_ruled_by_the_space(cls, data: Any) -> Any:
        return rules_moved(data)

    @model_validator(mode="before")
    @classmethod
    def _validators_declare_properties(cls, data: Any) -> Any:
        try:
            return with_declared(data)
        except MistakesError:
            return data  # which the check tells with its place

    def science(self) -> dict[str, Any]:
        """The part that decides results: everything but where and how long it runs."""
        document = self.model_dump(
            mode="json",
            by_alias=True,
            exclude={
                "iterations",
                "validation",
                "stop",
                "schedule",
                "cluster",
                "tracking",
                "directory",
                "state",
                "name",
            },
        )
        if not self.data:
            del document["data"]
            if self.start.validate_count == "auto":  # where nothing is known, which was all there was before
                document["start"]["validate"] = START
        # Campaigns made before there was a choice have no such keys.
        if self.physics == DEFAULT_PHYSICS:
            del document["physics"]
        document["properties"] = {
            name: spec.model_dump(mode="json", exclude_defaults=True) for name, spec in self.properties.items()
        }
        if not self.properties:
            del document["properties"]
        if self.space.kind == "alloy":
            del document["space"]["kind"]
        self._drop_unused(document)
        # A campaign has one validator or several.
        unused = "validator" if self.validators else "validators"
        del document[unused]
        for validator in document.get("validators", [document.get("validator")]):
            # How a command is run and what it costs, not what it answers.
            validator["settings"].pop("run", None)
            del validator["cost"]
        return document

    def _drop_unused(self, document: dict[str, Any]) -> None:
        """Takes out keys that say nothing, which older campaigns do not have, and where the materials table lies."""
        if self.materials is None:
            del document["materials"]
        else:
            del document["materials"]["table"]
        if self.batch_limits == BatchLimitsConfig():
            del document["batch_limits"]
        if not self.laboratories:
            del document["laboratories"]
        said = ("seek", "share") if self.objectives else ("resolution",)
        document["choice"] = {key: document["choice"][key] for key in said}
        if self.objectives and self.choice.seek == "best":
            del document["choice"]

    @property
    def folder(self) -> Path:
        """Where the campaign's files lie."""
        return Path(self.directory) / self.name

    @property
    def digest(self) -> str:
        """sha256 of `science`."""
        return digest_of(self.science())


def valid_name(name: str) -> str:
    """The name, if it can name a campaign.

    Raises:
        InputError: if it cannot.
    """
    if not re.fullmatch(_NAME, name):
        raise InputError(f"a campaign's name has small letters, digits, '_' and '-', at most 64, got {name[:80]!r}")
    return name
