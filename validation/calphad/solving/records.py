"""pycalphad phase records that share compiled functions.

A stock phase record compiles six functions per element for mole numbers alone, each with its own just-in-time
engine (about 0.5 MB). These depend on the sublattices only, not on the database, so one compiled function
serves every phase and every set of elements with the same shape. That makes a set of elements several times
cheaper in time and memory, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pycalphad.codegen.phase_record_factory import PhaseRecordFactory
from pycalphad.codegen.sympydiff_utils import BuildFunctionsResult
from pycalphad.core.constants import INTERNAL_CONSTRAINT_SCALING
from pycalphad.core.constraints import ConstraintTuple
from pycalphad.core.phase_rec import PhaseRecord

from validation.calphad.compiling.expressions import compiled, plain
from validation.calphad.compiling.functions import Functions


@dataclass(frozen=True, slots=True)
class Shared:
    """Functions that depend on sublattices only, shared among systems.

    Attributes:
        functions: Where they are kept between processes.
        known: Those in use, by shape.
    """

    functions: Functions = field(default_factory=Functions)
    known: dict[tuple[object, ...], tuple[Any, Any, Any]] = field(default_factory=dict)

    def linear(self, variables: Sequence[Any], expressions: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Value, gradient and Hessian functions, compiled once per shape of the expressions."""
        places, graphs = plain(variables, expressions)
        key = (len(places), *(str(graph) for graph in graphs))
        if key not in self.known:
            gradients = [[graph.diff(place) for place in places] for graph in graphs]
            hessians = [[[slope.diff(place) for place in places] for slope in row] for row in gradients]
            made = {"rows of values": [graphs], "rows of gradients": gradients, "rows of Hessians": hessians}
            value, gradient, hessian = (
                self.functions.get(what, places, graphs, partial(compiled, places, expressions))
                for what, expressions in made.items()
            )
            self.known[key] = value, gradient, hessian
        return self.known[key]


class SharedRecordFactory(PhaseRecordFactory):  # type: ignore[misc]
    """Phase records of one element system.

    Args:
        database: A parsed database.
        components: Component names, vacancies included.
        state_variables: N, P and T.
        models: Phase name to pycalphad model.
        energies: Phase name to the compiled energy per mole of atoms, of (N, P, T, site fractions).
        functions: Where this system's functions are kept.
        shared: Compiled functions shared among systems.
    """

    def __init__(
        self,
        database: Any,
        components: Sequence[str],
        state_variables: set[Any],
        models: dict[str, Any],
        energies: dict[str, Callable[..., Any]],
        functions: Functions,
        shared: Shared,
    ) -> None:
        super().__init__(database, components, state_variables, models)
        self._energies = energies
        self._functions = functions
        self._shared = shared
        self._kept: dict[str, Any] = {}

    def close(self) -> None:
        """Break the cycle between this factory and its records, so that both are freed."""
        self._kept.clear()
        self._energies.clear()

    def _variables(self, phase: str) -> list[Any]:
        return [*self.state_variables, *self.models[phase].site_fractions]

    def get_phase_constraints(self, phase_name: str) -> Any:
        """Constraint functions of a phase."""
        constraints = [INTERNAL_CONSTRAINT_SCALING * c for c in self.models[phase_name].get_internal_constraints()]
        functions = self._shared.linear(self._variables(phase_name), constraints)
        return ConstraintTuple(*functions, len(constraints))

    def get_phase_formula_moles_element(self, phase_name: str, element_name: str, per_formula_unit: bool = True) -> Any:
        """Moles of an element, per formula unit or per mole of atoms."""
        moles = self.models[phase_name].moles(element_name, per_formula_unit=per_formula_unit)
        return BuildFunctionsResult(*self._shared.linear(self._variables(phase_name), [moles]))

    def get_phase_property(
        self, phase_name: str, property_name: str, include_grad: bool = True, include_hess: bool = True
    ) -> Any:
        """Energy functions; only what the solver asks for is compiled."""
        if property_name == "GM" and not include_grad and not include_hess:
            return BuildFunctionsResult(func=self._energies[phase_name], grad=None, hess=None)
        variables, (graph,) = plain(self._variables(phase_name), [getattr(self.models[phase_name], property_name)])

        def gradient() -> list[Any]:
            return [graph.diff(variable) for variable in variables]

        def hessian() -> list[list[Any]]:
            return [[slope.diff(variable) for variable in variables] for slope in gradient()]

        def function(what: str, expressions: Callable[[], Any]) -> Any:
            return self._functions.get(what, variables, [graph], lambda: compiled(variables, expressions()))

        return BuildFunctionsResult(
            func=None if include_grad or include_hess else function("value 0", lambda: [graph]),
            grad=function("gradient", gradient) if include_grad else None,
            hess=function("Hessian", hessian) if include_hess else None,
        )

    def __getitem__(self, phase_name: str) -> Any:
        if phase_name not in self._kept:
            self._kept[phase_name] = PhaseRecord(self, phase_name)
        return self._kept[phase_name]

    get = __getitem__
