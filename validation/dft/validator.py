"""Energies of cells as a validator, each job in a process of its own, under limits, taken up where it stopped."""

from __future__ import annotations

import copy
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import validation
from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.physics.elements import column, element_table, known_elements
from alloys.properties import get_property
from alloys.records import Adjustment, Failed, FailureKind, Measured, ValidationRequest, Verdict, digest_of
from validation.base import Description
from validation.dft.calculators import data_files, refuse_missing, spec_of, versions
from validation.dft.levels import RUNGS, SMEARING_FACTORS
from validation.dft.settings import ELASTIC, DftSettings, read_dft_settings
from validation.dft.structures import Plan, plan, refuse_without_sqsgenerator
from validation.jobs.files import allowed_environment, file_digest, lack_of_space, read_at_most, tail
from validation.jobs.limits import raised, unfinished, within_most
from validation.jobs.process import Ended, Limits, run_command
from validation.jobs.protocol import VERDICT_BYTES, Request, read_verdict

VERSION = 1
"""Raised whenever the same composition could get another answer from the same calculator."""


class DftValidator:
    """Lattice parameter, elastic constants and mixing energy at 0 K; see `docs/howto/dft.md` for its settings.

    Elastic constants are answered for elements and small ordered cells; for compositions that need a quasi-random cell
    they are left out.
    """

    name = "dft"
    uses_scratch = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, finds the calculator and digests the pseudopotentials; nothing is computed yet.

        Raises:
            InputError: for settings that are wrong, or a calculator that is not installed.
        """
        read = read_dft_settings(settings)
        if read.digests is None:
            refuse_missing(read.calculator)
            digests = {**data_files(read.calculator, read.elements or list(known_elements())), **_digested(read.files)}
            read = read.model_copy(update={"digests": digests, "versions": versions(read.calculator)})
        self.settings: DftSettings = read
        self.properties = tuple(read.properties)

    @property
    def scratch(self) -> Path:
        """The folder of states and of each job's files."""
        return Path(self.settings.run.scratch or "campaigns/scratch-dft").expanduser().absolute()

    @property
    def longest_seconds(self) -> float:
        """The time limit as far as it may be raised, and the grace that follows it."""
        run = self.settings.run
        return run.most.get("time_limit", run.time_limit) + run.grace_seconds

    @cached_property
    def description(self) -> Description:
        """What it answers, how well, and all that decides its answers."""
        settings = self.settings
        decided = {
            "calculator": spec_of(settings.calculator),
            "calculator_version": settings.calculator.version,
            "versions": settings.versions,
            "level": asdict(settings.numbers),
            "ladder": {"rungs": [asdict(rung) for rung in RUNGS], "smearing": list(SMEARING_FACTORS)},
            "ordered": settings.ordered,
            "sites": settings.sites,
            "tolerance": settings.tolerance,
            "seed": settings.seed,
        }
        # The first guess at the volume decides the mesh of k-points.
        guesses = digest_of({symbol: str(row.atomic_volume) for symbol, row in element_table().items()})
        return Description(
            name=self.name,
            units={name: get_property(name).unit for name in self.properties},
            fidelity="dft",
            expected_seconds=settings.expected_seconds,
            version=str(VERSION),
            settings=decided,
            data=(guesses, *sorted((settings.digests or {}).values())),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the version, the calculator with its version and data, the level and the properties."""
        told = self.description
        return replace(told, settings=_plain(told.settings)).digest()

    @property
    def portable_settings(self) -> dict[str, Any]:
        """The settings with versions and digests: another process answers alike or says why not."""
        settings: dict[str, Any] = self.settings.model_dump(mode="json", by_alias=True)
        settings["run"]["scratch"] = str(self.scratch)
        return settings

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements outside ``elements`` of the settings, and those whose volume cannot be guessed.

        Raises:
            InputError: naming them, and those there are.
        """
        wanted = sorted(set(elements))
        column(wanted, "atomic_volume")
        covered = self.settings.elements
        lacking = sorted(set(wanted) - set(covered)) if covered is not None else []
        if lacking:
            raise InputError(
                f"'elements' of the dft settings lacks {', '.join(lacking)}; it has {', '.join(covered or ())}"
            )

    def adjusted(self, adjustment: Adjustment) -> DftValidator:
        """The same validator for a further try, under higher limits; its corrections are its own ladder's."""
        other = copy.copy(self)
        run = raised(self.settings.run, adjustment.resources)
        other.settings = self.settings.model_copy(update={"run": run})
        return other

    def validate(self, design: Design) -> Verdict:
        """What the calculator says of an alloy, or why it says nothing; it never raises for what a job does."""
        start = time.perf_counter()
        try:
            self.check(design.composition.elements)
            chosen = self._planned(design.composition)
            verdict = self._ask(design, chosen)
        except InputError as error:
            verdict = Failed(FailureKind.SUSPECT, str(error))
        except OSError as error:
            verdict = Failed(FailureKind.INFRASTRUCTURE, f"{type(error).__name__}: {error}")
        return replace(within_most(self.settings.run, verdict), seconds=time.perf_counter() - start)

    def _planned(self, composition: Composition) -> Plan:
        settings = self.settings
        chosen = plan(composition, settings.ordered, settings.sites, settings.tolerance)
        if chosen.structure == "quasi-random":
            refuse_without_sqsgenerator()
        return chosen

    def _ask(self, design: Design, chosen: Plan) -> Verdict:
        wrong = self._changed()
        if wrong:
            return Failed(FailureKind.INFRASTRUCTURE, wrong)
        left_out = [] if chosen.cubic else [name for name in self.properties if name in ELASTIC]
        wanted = tuple(name for name in self.properties if name not in left_out)
        if not wanted:
            return Failed(
                FailureKind.SUSPECT,
                f"{design} needs a quasi-random cell, which has no elastic constants of its own; ask also for "
                "lattice_parameter, bulk_modulus or mixing_energy",
            )
        key = ValidationRequest(design, self.name, self.fingerprint).key
        passed = {"dft": self.portable_settings, "composition": design.composition.canonical()}
        request = Request.of(design, wanted, passed, key=key, nonce=secrets.token_hex(16))
        verdict = self._in_folder(request)
        if left_out and isinstance(verdict, Measured):
            notes = [f"no elastic constants from a quasi-random cell: {', '.join(left_out)} left out"]
            return replace(verdict, details={**verdict.details, "notes": notes})
        return verdict

    def _in_folder(self, request: Request) -> Verdict:
        run = self.settings.run
        folder = self.scratch / request.key[:16] / request.nonce[:16]
        folder.mkdir(parents=True, mode=0o700)
        (folder / "tmp").mkdir()
        full = lack_of_space(folder, run.least_free_mb)
        if full:
            return Failed(FailureKind.INFRASTRUCTURE, full)
        write_atomic(folder / "request.json", request.encoded())
        limits = Limits(run.time_limit, run.grace_seconds, run.memory_mb, run.output_kb * 1000)
        ended = run_command(self._command(folder), folder, self._environment(folder), limits)
        verdict = self._judged(ended, request, folder)
        if run.keep == "failed" and (isinstance(verdict, Measured) or verdict.kind is FailureKind.PHYSICS):
            shutil.rmtree(folder, ignore_errors=True)
        elif isinstance(verdict, Failed):
            return replace(verdict, message=f"{verdict.message} (its files: {folder})")
        return verdict

    def _command(self, folder: Path) -> list[str]:
        run = self.settings.run
        places = [str(folder / "request.json"), str(folder / "verdict.json"), str(self.scratch / "states")]
        worker = [sys.executable, "-m", "validation.dft.worker", *places]
        return worker if run.processes == 1 else ["mpiexec", "-n", str(run.processes), *run.mpi_options, *worker]

    def _environment(self, folder: Path) -> dict[str, str]:
        """The usual variables, and where this program and GPAW's datasets lie."""
        named = allowed_environment([*self.settings.run.environment, "GPAW_SETUP_PATH"])
        root = str(Path(validation.__file__).resolve().parents[1])
        # Under mpiexec GPAW asks to be told; see https://gpaw.readthedocs.io/releasenotes.html#mpichanges.
        parallel = {"GPAW_MPI_BACKEND": "cgpaw"} if self.settings.run.processes > 1 else {}
        return {"OMP_NUM_THREADS": "1", **parallel, **named, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": root}

    def _judged(self, ended: Ended, request: Request, folder: Path) -> Verdict:
        if ended.status == 0:
            return read_verdict(read_at_most(folder / "verdict.json", VERDICT_BYTES + 1) or b"", request)
        last = tail(folder / "stderr.txt")
        said = f"; it said last: {last}" if last else ""
        said = f"; the states that it finished are kept and not computed again{said}"
        return unfinished(self.settings.run, "the job", ended.status, said)

    def _changed(self) -> str | None:
        """What to say where a data file or a package is not what it was when the campaign began."""
        for path, digest in (self.settings.digests or {}).items():
            if file_digest(Path(path)) != digest:
                return f"{path} has changed since the campaign began; put it back, or begin another campaign"
        refuse_missing(self.settings.calculator)
        found = versions(self.settings.calculator)
        if found != self.settings.versions:
            return (
                f"the campaign began with {self.settings.versions}, here is {found}; install the same, or begin another"
            )
        return None


def _digested(paths: list[str]) -> dict[str, str]:
    digests = {}
    for text in paths:
        path = Path(text).expanduser().absolute()
        if not path.is_file():
            raise InputError(f"settings of the validator 'dft': there is no file {text!r} (looked for {path})")
        digests[str(path)] = file_digest(path)
    return digests


def _plain(value: Any) -> Any:
    """Tuples as lists, which is what JSON has."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
