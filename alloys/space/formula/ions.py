"""What ions the elements of a space form: their common oxidation states, and Pauling's electronegativities.

The numbers are those of the package smact.

References:
    Davies, D. W. et al. (2019). SMACT: Semiconducting materials by analogy and chemical theory. J. Open Source
        Softw. 4(38), 1361.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from alloys.errors import InputError

StateSet = Literal["icsd24", "icsd24_common", "smact14", "icsd16", "pymatgen_sp"]
"""Which oxidation states count as common: of the ICSD of 2024 those reported three times or more, which is what
`smact.screening.smact_validity` takes; of these, those in a tenth of an element's reports; or older lists of smact."""

_COMMON: dict[str, str] = {"icsd24": "low", "icsd24_common": "medium"}
"""What smact calls the commonality of states."""


@dataclass(frozen=True, slots=True)
class Ions:
    """What ions an element forms.

    Attributes:
        symbol: of the element.
        states: its common oxidation states, none of them 0; empty where none is known.
        electronegativity: Pauling's, NaN where none is known.
    """

    symbol: str
    states: tuple[int, ...]
    electronegativity: float


@lru_cache(maxsize=64)
def ions_of(elements: tuple[str, ...], states: StateSet) -> tuple[Ions, ...]:
    """The ions of elements, in their order."""
    from smact import Element  # late: it imports pandas and pymatgen, which a space of alloys does without

    known = _states(elements, states)
    found = []
    for symbol in elements:
        try:
            pauling = Element(symbol).pauling_eneg
        except KeyError:  # of the heaviest elements
            pauling = None
        charges = tuple(sorted({int(state) for state in known.get(symbol, ())} - {0}))
        found.append(Ions(symbol, charges, np.nan if pauling is None else float(pauling)))
    return tuple(found)


def _states(elements: tuple[str, ...], states: StateSet) -> dict[str, list[int]]:
    from smact import Element  # late, as above

    if states in _COMMON:
        from smact.utils.oxidation import ICSD24OxStatesFilter

        table = ICSD24OxStatesFilter().filter(commonality=_COMMON[states])
        listed = zip(table["element"], table["oxidation_state"], strict=True)
        return {str(symbol): [int(state) for state in str(text).split()] for symbol, text in listed}
    name = {"smact14": "smact14", "icsd16": "icsd16", "pymatgen_sp": "sp"}[states]
    found = {}
    for symbol in elements:
        try:
            found[symbol] = list(getattr(Element(symbol), f"oxidation_states_{name}") or ())
        except KeyError:
            found[symbol] = []
    return found


def refuse_unknown(ions: tuple[Ions, ...], *, balanced: bool) -> None:
    """Refuses elements whose ions nothing is known of.

    Args:
        ions: of the elements of a space.
        balanced: whether electronegativities are needed too.

    Raises:
        InputError: naming them.
    """
    stateless = [ion.symbol for ion in ions if not ion.states]
    unweighed = [ion.symbol for ion in ions if balanced and np.isnan(ion.electronegativity)]
    told = [f"no oxidation states are known of {', '.join(stateless)}"] if stateless else []
    if unweighed:
        told.append(f"no electronegativity is known of {', '.join(unweighed)}")
    if told:
        remedy = "take other states, or set charges: any" if stateless else "set charges: neutral, or any"
        raise InputError(f"{' and '.join(told)}; leave them out of the elements, {remedy}")
