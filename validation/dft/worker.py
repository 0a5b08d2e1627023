"""The process that computes: ``python -m validation.dft.worker REQUEST VERDICT STATES``."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.records import digest_of
from validation.dft.calculators import make, spec_of
from validation.dft.levels import SMEARING_FACTORS
from validation.dft.settings import CalculatorSettings, DftSettings
from validation.dft.states import Method, States, Tally, UnconvergedError
from validation.dft.structures import plan
from validation.dft.work import SuspectError, UnstableError, properties_of
from validation.jobs.files import printable
from validation.jobs.protocol import Request


def method_digest(settings: DftSettings) -> str:
    """Of the calculator, its arguments, versions and pseudopotentials."""
    data = sorted((settings.digests or {}).values())
    return digest_of({"calculator": spec_of(settings.calculator), "versions": settings.versions, "data": data})


def answer(request: Request, settings: DftSettings, states: Path) -> dict[str, Any]:
    """The verdict document on one request; see `validation.jobs.protocol`.

    Where states do not converge, everything is done again with a wider smearing; nothing unconverged is used.
    """
    tally = Tally()
    document: dict[str, Any] = {name: getattr(request, name) for name in ("protocol", "key", "nonce")}
    try:
        values, provenance = _with_ladder(request, settings, states, tally)
        document["properties"] = {
            name: {"value": value, "unit": request.properties[name]} for name, value in values.items()
        }
        document["provenance"] = provenance
    except UnstableError as error:
        document["failure"] = {"class": "physics", "message": str(error)}
    except (UnconvergedError, SuspectError, InputError, NotImplementedError) as error:
        document["failure"] = {"class": "suspect", "message": printable(f"{error}")[:2000] or type(error).__name__}
    document.setdefault("provenance", {}).update(
        {"states": {"computed": tally.computed, "resumed": tally.resumed}, "corrections": tally.corrections[:50]}
    )
    return document


def _with_ladder(
    request: Request, settings: DftSettings, folder: Path, tally: Tally
) -> tuple[dict[str, float], dict[str, Any]]:
    composition = Composition.from_canonical(request.settings["composition"])
    level = settings.numbers
    cell = plan(composition, settings.ordered, settings.sites, settings.tolerance)
    unconverged: UnconvergedError | None = None
    for factor in SMEARING_FACTORS:
        smearing = level.smearing * factor
        calculator = partial(make, settings.calculator)
        method = Method(calculator, method_digest(settings), level.cutoff, smearing, level.max_force)
        states = States(folder, method, tally)
        try:
            values, details = properties_of(
                cell, str(composition), tuple(request.properties), level, states, settings.seed
            )
            return values, {**details, "smearing_ev": smearing, "versions": settings.versions}
        except UnconvergedError as error:
            unconverged = error
            tally.corrections.append(f"all states again with a smearing of {2 * smearing:g} eV: {error}")
    tally.corrections.pop()
    raise UnconvergedError(f"{unconverged}; the ladder is used up: {'; '.join(tally.corrections)[:1000]}")


def main(arguments: list[str]) -> int:
    """Reads the request, computes, writes the verdict; in parallel the first process alone writes."""
    request = Request.model_validate(json.loads(Path(arguments[0]).read_bytes()))
    settings = DftSettings.model_validate(request.settings["dft"])
    _start_parallel(settings.calculator)
    from ase.parallel import world

    document = answer(request, settings, Path(arguments[2]))
    if world.rank == 0:
        write_atomic(Path(arguments[1]), json.dumps(document, allow_nan=False).encode())
    return 0


def _start_parallel(calculator: CalculatorSettings) -> None:
    """GPAW must be imported before ASE looks for parallel processes."""
    if calculator.name == "gpaw":
        import gpaw.mpi  # noqa: F401


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
