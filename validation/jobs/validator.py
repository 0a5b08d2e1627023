"""What validators with jobs share: settings, fingerprint, limits that are raised, files that must not change."""

from __future__ import annotations

import copy
import errno
import os
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import get_property
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, ValidationRequest, Verdict
from validation.base import Description
from validation.jobs.files import allowed_environment, file_digest
from validation.jobs.limits import raised, within_most
from validation.jobs.protocol import Request
from validation.jobs.settings import JobSettings

S = TypeVar("S", bound=JobSettings)


class JobValidator(ABC, Generic[S]):
    """A validator whose answers come from jobs, each with a folder of its own under ``run.scratch``."""

    name: str
    uses_scratch = True

    def __init__(self, settings: S) -> None:
        self.settings = settings
        self.properties = tuple(settings.properties)
        self._seen: dict[str, tuple[int, int]] = {}
        self._adjustment = UNADJUSTED

    @property
    def scratch(self) -> Path:
        """The folder in which each request gets one of its own."""
        return Path(self.settings.run.scratch or f"campaigns/scratch-{self.name}").expanduser().absolute()

    @property
    def longest_seconds(self) -> float:
        """How long one validation may take before it gives up by itself."""
        return self.settings.run.longest_seconds

    @property
    @abstractmethod
    def description(self) -> Description:
        """What it answers, how well, and all that decides its answers."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of each property that it answers."""
        return {name: self.settings.units.get(name) or get_property(name).unit for name in self.properties}

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that decides its answers."""
        return self.description.digest()

    @property
    def portable_settings(self) -> dict[str, Any]:
        """The settings with absolute paths and the files' digests: another process answers alike or says why not."""
        settings: dict[str, Any] = self.settings.model_dump(mode="json", by_alias=True)
        settings["run"]["scratch"] = str(self.scratch)
        if not self.settings.units:
            del settings["units"]
        return settings

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements outside ``elements`` of the settings, where those are given.

        Raises:
            InputError: naming them, and those there are.
        """
        covered = self.settings.elements
        lacking = sorted(set(elements) - set(covered)) if covered is not None else []
        if lacking:
            raise InputError(
                f"'elements' of the {self.name} settings lacks {', '.join(lacking)}; it has {', '.join(covered or ())}"
            )

    def adjusted(self, adjustment: Adjustment) -> Self:
        """The same validator for a further try: under higher limits, its request with the corrections so far."""
        other = copy.copy(self)
        run = raised(self.settings.run, adjustment.resources)
        other.settings = self.settings.model_copy(update={"run": run})
        other._adjustment = adjustment
        return other

    def validate(self, design: Design) -> Verdict:
        """What a job says of an alloy, or why it says nothing; it never raises for what a job does."""
        start = time.perf_counter()
        try:
            changed = self._changed()
            verdict = Failed(FailureKind.INFRASTRUCTURE, changed) if changed else self.ask(design)
        except InputError as error:
            verdict = Failed(FailureKind.SUSPECT, str(error))
        except OSError as error:
            verdict = Failed(FailureKind.INFRASTRUCTURE, _explained(error))
        return replace(within_most(self.settings.run, verdict), seconds=time.perf_counter() - start)

    @abstractmethod
    def ask(self, design: Design) -> Verdict:
        """The verdict; an OSError is a failure of the machinery."""

    def key(self, design: Design) -> str:
        """The key that the queue has for this question."""
        return ValidationRequest(design, self.name, self.fingerprint).key

    def request(
        self,
        design: Design,
        settings: Mapping[str, Any],
        *,
        properties: tuple[str, ...] | None = None,
        nonce: str | None = None,
    ) -> Request:
        """The request document.

        Args:
            design: what is asked about.
            settings: what is passed on.
            properties: what is asked for; all that this validator answers if None.
            nonce: of this asking; a new one if None.
        """
        return Request.of(
            design,
            {name: self.units[name] for name in properties or self.properties},
            settings,
            self._adjustment,
            key=self.key(design),
            nonce=nonce or secrets.token_hex(16),
        )

    def environment(self) -> dict[str, str]:
        """The variables that a job sees: the usual ones and those that the settings name."""
        return allowed_environment(self.settings.run.environment)

    def _changed(self) -> str | None:
        """What to say where a file is no longer what it was when the campaign began: its answers have another key."""
        for text, digest in (self.settings.digests or {}).items():
            found = os.stat(text)
            mark = (found.st_mtime_ns, found.st_size)
            if self._seen.get(text) == mark:
                continue
            if file_digest(Path(text)) != digest:
                return f"{text} has changed since the campaign began; put it back, or begin another campaign"
            self._seen[text] = mark
        return None


_EXPLAINED = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
}


def _explained(error: OSError) -> str:
    plain = _EXPLAINED.get(error.errno or 0)
    return f"{plain}: {error}" if plain else f"{type(error).__name__}: {error}"
