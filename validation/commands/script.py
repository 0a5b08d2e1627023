"""Any command as a validator: it reads a JSON request and writes a JSON verdict."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from alloys.design import Design
from alloys.files import write_atomic
from alloys.records import Failed, FailureKind, Verdict
from validation.commands.base import CommandValidator
from validation.commands.settings import REQUEST, VERDICT, ScriptSettings, read_settings
from validation.jobs.files import lack_of_space, read_at_most, tail
from validation.jobs.limits import unfinished
from validation.jobs.process import Ended, Limits, run_command
from validation.jobs.protocol import VERDICT_BYTES, Request, read_verdict


class ScriptValidator(CommandValidator[ScriptSettings]):
    """Runs a command for each alloy, in a scratch folder of its own, without a shell and under a time limit."""

    name = "script"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, finds the command and digests the files that it names.

        Raises:
            InputError: for settings that are wrong, or a command that is not installed.
        """
        super().__init__(read_settings(ScriptSettings, self.name, settings))

    @property
    def longest_seconds(self) -> float:
        """The time limit as far as it may be raised, and the grace that follows it."""
        run = self.settings.run
        return run.most.get("time_limit", run.time_limit) + run.grace_seconds

    def _ask(self, design: Design) -> Verdict:
        request = self.request(design, secrets.token_hex(16))
        folder = self.scratch / request.key[:16] / request.nonce[:16]
        folder.mkdir(parents=True, mode=0o700)
        (folder / "tmp").mkdir()
        verdict = self._in_folder(request, folder)
        if not isinstance(verdict, Failed) or verdict.kind is FailureKind.PHYSICS:
            if self.settings.run.keep == "failed":
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):
                    folder.parent.rmdir()
            return verdict
        return replace(verdict, message=f"{verdict.message} (its files: {folder})")

    def _in_folder(self, request: Request, folder: Path) -> Verdict:
        run = self.settings.run
        full = lack_of_space(folder, run.least_free_mb)
        if full:
            return Failed(FailureKind.INFRASTRUCTURE, full)
        write_atomic(folder / "request.json", request.encoded())
        places = {REQUEST: str(folder / "request.json"), VERDICT: str(folder / "verdict.json")}
        command = [places.get(text, text) for text in self.settings.command]
        environment = {**self.environment(), "TMPDIR": str(folder / "tmp")}
        limits = Limits(run.time_limit, run.grace_seconds, run.memory_mb, run.output_kb * 1000)
        stdin = None if REQUEST in self.settings.command else folder / "request.json"
        ended = run_command(command, folder, environment, limits, stdin)
        return self._judged(ended, request, folder)

    def _judged(self, ended: Ended, request: Request, folder: Path) -> Verdict:
        if ended.status != 0:
            return self._unfinished(ended.status, folder)
        in_file = VERDICT in self.settings.command
        if ended.cut and not in_file:
            return Failed(FailureKind.SUSPECT, f"the command wrote more than {self.settings.run.output_kb} kB")
        content = read_at_most(folder / ("verdict.json" if in_file else "stdout.txt"), VERDICT_BYTES + 1)
        verdict = read_verdict(content or b"", request)
        full = lack_of_space(folder, self.settings.run.least_free_mb)
        if full and isinstance(verdict, Failed) and verdict.kind is FailureKind.SUSPECT:
            # A document cut short by a full disk says nothing about the command.
            return Failed(FailureKind.INFRASTRUCTURE, f"{full}; {verdict.message}")
        return verdict

    def _unfinished(self, status: int | None, folder: Path) -> Failed:
        last = tail(folder / "stderr.txt")
        said = f"; it said last: {last}" if last else ""
        return unfinished(self.settings.run, self.settings.command[0], status, said)
