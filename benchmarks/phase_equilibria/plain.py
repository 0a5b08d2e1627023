"""Answers of ``pycalphad.equilibrium`` alone, each in a process of its own: nothing is compiled, and limits hold."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pycalphad import Database, Model, equilibrium
from pycalphad import variables as v

from benchmarks.phase_equilibria.cases import Case
from validation.calphad.reading.tdbfile import read, reading

DENSITIES = (2000, 500, 60)
"""``pdens`` of the first try, and of the next ones where a try gives no answer; 60 is pycalphad's own."""
SECONDS = 120
"""Processor time of one call."""
MEMORY = 8 * 2**30
"""Address space of one call, bytes."""

Answer = dict[str, Any]


def answers(cases: Iterable[Case], kept: Path | None = None) -> Iterator[tuple[Case, Answer]]:
    """What cold calls say of cases; those that a file keeps are not asked again.

    Args:
        cases: What is asked.
        kept: A JSON file that is read, and written after every call.
    """
    known: dict[str, Answer] = json.loads(kept.read_text("utf-8")) if kept is not None and kept.exists() else {}
    for case in cases:
        key = json.dumps([Path(case.file).name, case.fractions, case.kelvin])
        if key not in known:
            known[key] = {**asdict(case), **_densest(case)}
            if kept is not None:
                kept.write_text(json.dumps(known), "utf-8")
        yield case, known[key]


def _densest(case: Case) -> Answer:
    found: Answer = {}
    for density in DENSITIES:
        found = apart(case, density)
        if "failure" not in found:
            break
    return found


def apart(case: Case, density: int | None) -> Answer:
    """One cold call in a process of its own.

    Args:
        case: What is asked.
        density: ``pdens``; pycalphad's own if None.

    Returns:
        ``failure``, or ``density``, ``seconds`` (processor time of the call), ``energy`` in J/mol-atom, ``potentials``
        in J/mol and ``sets``: ``phase``, ``amount``, ``composition`` and ``sites``, by sublattice and species.
    """
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_call, args=(case, density, writer))
    child.start()
    writer.close()
    try:
        found: Answer = reader.recv()
    except EOFError:  # the system ended it
        found = {"failure": f"more than {SECONDS} s of processor time"}
    child.join()
    return found


def _call(case: Case, density: int | None, writer: Any) -> None:
    warnings.filterwarnings("ignore")
    try:
        text = read(Path(case.file))
        database = Database.from_string(text, fmt="tdb")
        for name in reading(text).rejected:  # by the file itself, which pycalphad passes over
            del database.phases[name]
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        writer.send(equilibrate(database, case, density))
    except Exception as error:  # whatever pycalphad raises is its answer
        first = (str(error).strip() or "no message").splitlines()[0]
        writer.send({"failure": f"{type(error).__name__}: {first}"[:300]})


def components_of(database: Any, case: Case) -> list[str]:
    """The elements of a case, in pycalphad's order, and the vacancy where the database has it."""
    return [*sorted(case.fractions), *(["VA"] if "VA" in database.elements else [])]


def conditions_of(case: Case) -> dict[Any, float]:
    """One mole at 1 atm, for pycalphad; the first element is the rest."""
    free = {v.X(name): case.fractions[name] for name in sorted(case.fractions)[1:]}
    return {v.T: case.kelvin, v.P: 101325, v.N: 1, **free}


def equilibrate(database: Any, case: Case, density: int | None) -> Answer:
    """One call, as `apart` returns it."""
    components, conditions = components_of(database, case), conditions_of(case)
    options = {} if density is None else {"calc_opts": {"pdens": density}}
    start = time.process_time()
    found = equilibrium(database, components, list(database.phases), conditions, **options)
    seconds = time.process_time() - start
    sets = []
    for vertex in range(len(found.vertex)):
        item = found.isel(N=0, P=0, T=0, **{name: 0 for name in found.dims if name.startswith("X_")}, vertex=vertex)
        phase = str(item.Phase.values)
        if phase:
            named = dict(zip(item.component.values.tolist(), item.X.values.tolist(), strict=True))
            sites = _by_sublattice(database, components, phase, item.Y.values.tolist())
            sets.append({"phase": phase, "amount": float(item.NP.values), "composition": named, "sites": sites})
    if not sets:
        return {"failure": "no convergence"}
    energy, potentials = float(found.GM.values.squeeze()), found.MU.values.ravel().tolist()
    return {"density": density, "seconds": seconds, "energy": energy, "potentials": potentials, "sets": sets}


def _by_sublattice(
    database: Any, components: Sequence[str], phase: str, sites: Sequence[float]
) -> list[dict[str, float]]:
    split: list[dict[str, float]] = []
    start = 0
    for constituents in Model(database, components, phase).constituents:
        names = [str(species) for species in sorted(constituents)]
        split.append(dict(zip(names, sites[start : start + len(names)], strict=True)))
        start += len(names)
    return split
