"""pycalphad's models of the phases that can hold a set of elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycalphad import Database, Model
from pycalphad.core.errors import DofError

from alloys.errors import first_line
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.phases import Usable, holding, partner_of, rows_of, usable

if TYPE_CHECKING:
    from validation.calphad.reading.grammar import Reading


def components_of(database: Any, elements: Iterable[str]) -> list[str]:
    """Some elements in upper case, in order, with the vacancies where a database has them."""
    return [*sorted(element.upper() for element in elements), *({"VA"} & set(database.elements))]


def models_of(database: Any, components: Sequence[str], candidates: Iterable[str]) -> dict[str, Any]:
    """Phase name to model, in order.

    A disordered phase is left out where the model of its ordered partner holds it already.

    Args:
        database: A parsed database.
        components: Upper-case names of the elements, vacancies included.
        candidates: Names of the phases to consider.

    Raises:
        DatabaseError: A phase cannot be modelled.
    """
    models = {}
    parameters = _by_phase(database)
    for name in holding(database, set(components), list(candidates)):
        try:
            models[name] = Model(_narrowed(database, name, parameters), components, name)
        except DofError:  # a sublattice is empty, or all of them hold vacancies only
            continue
        except Exception as error:  # whatever pycalphad's models raise
            raise DatabaseError(
                f"pycalphad cannot model phase {name} ({_kind(database, name)}): {first_line(error)[:160]}; leave it "
                "out by naming the others in 'phases'"
            ) from error
    return models


def computable(
    reading: Reading, elements: Sequence[str], phases: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> Usable:
    """The phases that alloys of these elements can have, as `usable`, each with a model that pycalphad can build.

    Raises:
        DatabaseError: as `usable`, or a phase cannot be modelled.
    """
    found = usable(reading, elements, phases, exclude)
    models_of(reading.database, components_of(reading.database, elements), found.phases)
    return found


def _by_phase(database: Any) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    for row in rows_of(database):
        rows.setdefault(row["phase_name"], []).append(row)
    return rows


def _narrowed(database: Any, name: str, parameters: Mapping[str, list[Any]]) -> Any:
    """The database with the parameters of one phase and its partner alone.

    pycalphad looks through all parameters ten times and more for each phase.
    """
    narrow = Database()
    for key, value in vars(database).items():
        if key != "_parameters":
            setattr(narrow, key, value)
    hints = database.phases[name].model_hints
    for phase in sorted({name, *filter(None, map(hints.get, ("ordered_phase", "disordered_phase")))}):
        narrow._parameters.insert_multiple(parameters.get(phase, []))
    return narrow


def _kind(database: Any, name: str) -> str:
    """What model a phase has, in a word."""
    hints = database.phases[name].model_hints
    if "mqmqa" in hints:
        return "modified quasichemical model"
    if hints.get("ionic_liquid_2SL"):
        return "two-sublattice ionic liquid"
    if partner_of(database, name) is not None:
        return f"order and disorder, with {partner_of(database, name)}"
    return f"{len(database.phases[name].sublattices)} sublattices"
