"""Any command as a validator: it reads a JSON request and writes a JSON verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alloys.design import Design
from alloys.records import Failed, FailureKind, Verdict
from validation.commands.base import CommandValidator
from validation.commands.settings import REQUEST, VERDICT, ScriptSettings, read_settings
from validation.jobs.folder import VERDICT_FILE, ProcessFolder


class ScriptValidator(CommandValidator[ScriptSettings]):
    """Runs a command for each alloy, in a scratch folder of its own, without a shell and under a time limit."""

    name = "script"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, finds the command and digests the files that it names.

        Raises:
            InputError: for settings that are wrong, or a command that is not installed.
        """
        super().__init__(read_settings(ScriptSettings, self.name, settings))

    def ask(self, design: Design) -> Verdict:
        folder = ProcessFolder.make(self.scratch, self.question(design), self.settings.run)
        return folder.closed(folder.full() or self._run(folder))

    def _run(self, folder: ProcessFolder) -> Verdict:
        request = folder.write_request()
        command = self.settings.command
        places = {REQUEST: str(request), VERDICT: str(folder.path / VERDICT_FILE)}
        stdin = None if REQUEST in command else request
        ended = folder.execute([places.get(text, text) for text in command], self.environment(), stdin)
        if ended.status != 0:
            return folder.unfinished(command[0], ended.status)
        if VERDICT in command:
            return folder.verdict()
        if ended.cut:
            return Failed(FailureKind.SUSPECT, f"the command wrote more than {self.settings.run.output_kb} kB")
        return folder.verdict("stdout.txt")


VALIDATOR = ScriptValidator
