"""How finely a density functional is solved: settings by level, and the ladder of corrections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DftLevel:
    """What decides accuracy and cost.

    Attributes:
        cutoff: kinetic energy of the plane waves, eV.
        kpoint_density: k-points for each Å^-1 of reciprocal length (with the factor 2 pi), equation of state.
        shear_kpoint_density: the same for elastic constants; shear needs more.
        smearing: width of the occupations, eV.
        volume_range: largest relative change of volume in the equation of state.
        volumes: how many volumes.
        strains: magnitudes of the shear strains, zero included.
        fit_tolerance: largest root mean square residual of a fit that is believed, meV/atom.
        margin: elastic constants nearer to the limit of stability than this cannot be told stable or unstable, GPa.
        max_force: forces left after relaxation, eV/Å.
    """

    cutoff: float
    kpoint_density: float
    shear_kpoint_density: float
    smearing: float
    volume_range: float
    volumes: int
    strains: tuple[float, ...]
    fit_tolerance: float
    margin: float
    max_force: float


LEVELS = {
    "draft": DftLevel(350.0, 3.5, 4.5, 0.2, 0.06, 5, (0.0, 0.03, 0.05), 1.0, 20.0, 0.05),
    "standard": DftLevel(400.0, 4.5, 6.0, 0.2, 0.06, 7, (0.0, 0.02, 0.04, 0.06), 0.5, 10.0, 0.03),
    "tight": DftLevel(600.0, 6.5, 9.0, 0.1, 0.06, 9, (0.0, 0.015, 0.03, 0.045, 0.06), 0.2, 5.0, 0.01),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One try at a state: nothing here changes the energy that it converges to.

    Attributes:
        name: for the record.
        mixing: share of the new density in each step.
        steps: most steps of the self-consistency.
    """

    name: str
    mixing: float
    steps: int


RUNGS = (Rung("as set", 0.05, 100), Rung("half the mixing, twice the steps", 0.025, 200))
SMEARING_FACTORS = (1.0, 2.0)
"""A wider smearing changes energies, so all states of an alloy and its elements are computed again with it."""
