"""What `script` and `slurm` share: everything but how the command is run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

from alloys.design import Design
from alloys.properties import PROPERTIES, Property, get_property
from validation.base import Description
from validation.commands.settings import CommandSettings
from validation.jobs.protocol import PROTOCOL, Request
from validation.jobs.validator import JobValidator

S = TypeVar("S", bound=CommandSettings)


class CommandValidator(JobValidator[S]):
    """A validator that asks a command; see `docs/howto/script-validator.md` for its settings."""

    @staticmethod
    def completed(settings: Mapping[str, Any], properties: Mapping[str, Property]) -> Mapping[str, Any]:
        """The settings with the units of what a campaign has declared, unless they came with them.

        Raises:
            InputError: for a property that is not among them.
        """
        names = settings.get("properties")
        if "units" in settings or not isinstance(names, list):
            return settings
        units = {str(each): get_property(str(each), properties).unit for each in names if each not in PROPERTIES}
        return {**settings, "units": units} if units else settings

    @cached_property
    def description(self) -> Description:
        """What it answers, how well, and all that decides its answers."""
        digests = self.settings.digests or {}
        # Where a file lies decides nothing, what is in it does.
        command = [f"sha256:{digests[text]}" if text in digests else text for text in self.settings.command]
        return Description(
            name=self.name,
            units=self.units,
            fidelity=self.settings.fidelity,
            expected_seconds=self.settings.expected_seconds,
            version=f"{PROTOCOL}/{self.settings.version}",
            settings={"command": command, "settings": self.settings.settings},
            data=tuple(sorted(digests.values())),
        )

    def question(self, design: Design, nonce: str | None = None) -> Request:
        """The request with the settings that are passed on; its nonce is a new one if None."""
        return self.request(design, self.settings.settings, nonce=nonce)
