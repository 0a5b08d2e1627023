"""What `script` and `slurm` share: everything but how the command is run."""

from __future__ import annotations

import copy
import errno
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import get_property
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, ValidationRequest, Verdict
from validation.base import Description
from validation.commands.settings import CommandSettings
from validation.jobs.files import allowed_environment, file_digest
from validation.jobs.limits import raised, within_most
from validation.jobs.protocol import PROTOCOL, Request

S = TypeVar("S", bound=CommandSettings)


class CommandValidator(ABC, Generic[S]):
    """A validator that asks a command; see `docs/howto/script-validator.md` for its settings."""

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
    @abstractmethod
    def longest_seconds(self) -> float:
        """How long one validation may take before it gives up by itself."""

    @cached_property
    def description(self) -> Description:
        """What it answers, how well, and all that decides its answers."""
        digests = self.settings.digests or {}
        # Where a file lies decides nothing, what is in it does.
        command = [f"sha256:{digests[text]}" if text in digests else text for text in self.settings.command]
        return Description(
            name=self.name,
            units={name: get_property(name).unit for name in self.properties},
            fidelity=self.settings.fidelity,
            expected_seconds=self.settings.expected_seconds,
            version=f"{PROTOCOL}/{self.settings.version}",
            settings={"command": command, "settings": self.settings.settings},
            data=tuple(sorted(digests.values())),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the version, the command, its files and settings, and the properties with their units."""
        return self.description.digest()

    @property
    def portable_settings(self) -> dict[str, Any]:
        """The settings with absolute paths and the files' digests: another process answers alike or says why not."""
        settings: dict[str, Any] = self.settings.model_dump(mode="json")
        settings["run"]["scratch"] = str(self.scratch)
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
                f"the command does not cover {', '.join(lacking)}; its settings name {', '.join(covered or ())}"
            )

    def adjusted(self, adjustment: Adjustment) -> Self:
        """The same command for a further try: under higher limits, its request with the corrections so far."""
        other = copy.copy(self)
        run = raised(self.settings.run, adjustment.resources)
        other.settings = self.settings.model_copy(update={"run": run})
        other._adjustment = adjustment
        return other

    def validate(self, design: Design) -> Verdict:
        """What the command says of an alloy, or why it says nothing; it never raises for what the command does."""
        start = time.perf_counter()
        try:
            changed = self._changed()
            verdict = Failed(FailureKind.INFRASTRUCTURE, changed) if changed else self._ask(design)
        except OSError as error:
            verdict = Failed(FailureKind.INFRASTRUCTURE, _explained(error))
        return replace(within_most(self.settings.run, verdict), seconds=time.perf_counter() - start)

    @abstractmethod
    def _ask(self, design: Design) -> Verdict:
        """The verdict; an OSError is a failure of the machinery."""

    def key(self, design: Design) -> str:
        """The key that the queue has for this question."""
        return ValidationRequest(design, self.name, self.fingerprint).key

    def request(self, design: Design, nonce: str) -> Request:
        """The request document."""
        settings = self.settings.settings
        key = self.key(design)
        return Request.of(design, self.properties, settings, self._adjustment, key=key, nonce=nonce)

    def environment(self) -> dict[str, str]:
        """The variables that the command sees: the usual ones and those that the settings name."""
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
