"""Energies of cells as a validator, each job in a process of its own, under limits, taken up where it stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import validation
from alloys.composition import Composition
from alloys.design import Design
from alloys.physics.elements import column, element_table, known_elements
from alloys.records import Failed, FailureKind, Measured, Verdict, digest_of
from validation.base import Description
from validation.dft.calculators import data_files, refuse_missing, spec_of, versions
from validation.dft.levels import RUNGS, SMEARING_FACTORS
from validation.dft.settings import ELASTIC, DftSettings
from validation.dft.structures import Plan, plan, refuse_without_sqsgenerator
from validation.jobs.files import allowed_environment
from validation.jobs.folder import VERDICT_FILE, ProcessFolder
from validation.jobs.settings import digested, settings_of
from validation.jobs.validator import JobValidator

VERSION = 1
"""Raised whenever the same composition could get another answer from the same calculator."""


class DftValidator(JobValidator[DftSettings]):
    """Lattice parameter, elastic constants and mixing energy at 0 K; see `docs/howto/dft.md` for its settings.

    Elastic constants are answered for elements and small ordered cells; for compositions that need a quasi-random cell
    they are left out.
    """

    name = "dft"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, finds the calculator and digests the pseudopotentials; nothing is computed yet.

        Raises:
            InputError: for settings that are wrong, or a calculator that is not installed.
        """
        with settings_of(self.name):
            read = DftSettings.model_validate(dict(settings))
            files = digested(read.files) if read.digests is None else {}
        if read.digests is None:
            refuse_missing(read.calculator)
            digests = {**data_files(read.calculator, read.elements or list(known_elements())), **files}
            read = read.model_copy(update={"digests": digests, "versions": versions(read.calculator)})
        super().__init__(read)

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
            units=self.units,
            fidelity="dft",
            expected_seconds=settings.expected_seconds,
            version=str(VERSION),
            settings=decided,
            data=(guesses, *sorted((settings.digests or {}).values())),
        )

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements outside ``elements`` of the settings, and those whose volume cannot be guessed.

        Raises:
            InputError: naming them, and those there are.
        """
        wanted = sorted(set(elements))
        column(wanted, "atomic_volume")
        super().check(wanted)

    def _planned(self, composition: Composition) -> Plan:
        settings = self.settings
        chosen = plan(composition, settings.ordered, settings.sites, settings.tolerance)
        if chosen.structure == "quasi-random":
            refuse_without_sqsgenerator()
        return chosen

    def ask(self, design: Design) -> Verdict:
        self.check(design.composition.elements)
        chosen = self._planned(design.composition)
        left_out = [] if chosen.cubic else [name for name in self.properties if name in ELASTIC]
        wanted = tuple(name for name in self.properties if name not in left_out)
        if not wanted:
            return Failed(
                FailureKind.SUSPECT,
                f"{design} needs a quasi-random cell, which has no elastic constants of its own; ask also for "
                "lattice_parameter, bulk_modulus or mixing_energy",
            )
        passed = {"dft": self.portable_settings, "composition": design.composition.canonical()}
        request = self.request(design, passed, properties=wanted)
        folder = ProcessFolder.make(self.scratch, request, self.settings.run)
        verdict = folder.closed(folder.full() or self._run(folder))
        if left_out and isinstance(verdict, Measured):
            notes = [f"no elastic constants from a quasi-random cell: {', '.join(left_out)} left out"]
            return replace(verdict, details={**verdict.details, "notes": notes})
        return verdict

    def _run(self, folder: ProcessFolder) -> Verdict:
        run = self.settings.run
        places = [str(folder.write_request()), str(folder.path / VERDICT_FILE), str(self.scratch / "states")]
        worker = [sys.executable, "-m", "validation.dft.worker", *places]
        if run.processes > 1:
            worker = ["mpiexec", "-n", str(run.processes), *run.mpi_options, *worker]
        ended = folder.execute(worker, self.environment())
        if ended.status == 0:
            return folder.verdict()
        note = "; the states that it finished are kept and not computed again"
        return folder.unfinished("the job", ended.status, note)

    def environment(self) -> dict[str, str]:
        """The usual variables, and where this program and GPAW's datasets lie."""
        named = allowed_environment([*self.settings.run.environment, "GPAW_SETUP_PATH"])
        root = str(Path(validation.__file__).resolve().parents[1])
        # Under mpiexec GPAW asks to be told; see https://gpaw.readthedocs.io/releasenotes.html#mpichanges.
        parallel = {"GPAW_MPI_BACKEND": "cgpaw"} if self.settings.run.processes > 1 else {}
        return {"OMP_NUM_THREADS": "1", **parallel, **named, "PYTHONPATH": root}

    def _changed(self) -> str | None:
        """What to say where a data file or a package is not what it was when the campaign began."""
        changed = super()._changed()
        if changed is not None:
            return changed
        refuse_missing(self.settings.calculator)
        found = versions(self.settings.calculator)
        if found == self.settings.versions:
            return None
        return f"the campaign began with {self.settings.versions}, here is {found}; install the same, or begin another"


VALIDATOR = DftValidator
