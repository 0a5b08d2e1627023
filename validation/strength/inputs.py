"""What the strength model sees of a test: the edge model's answer, composition, temperature, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alloys.physics import edge
from alloys.physics.elements import known_elements
from alloys.physics.solution import melting_estimates
from alloys.units import ZERO_CELSIUS_K
from validation.strength.measurements import Floats, StrengthMeasurements, Texts

_MOST_SOFTENING = 0.35
"""T / solidus above the start of softening up to which the edge model softens here: near the solidus its strength goes
to zero, and that of alloys whose solidus is estimated too low does not."""

_USUAL = 6.5
"""Log strength (MPa) about which the edge model's is scaled: 665 MPa."""

_WARM_K = 900.0
"""Where temperatures are told from: most alloys begin to lose strength about here."""

_ROOM_C = 25.0


@dataclass(frozen=True)
class StrengthInputs:
    """``n`` tests.

    Attributes:
        prior: log of the edge model's strength in MPa, shape ``(n,)``.
        columns: what the model is linear in, by name, shape ``(n, k)`` each.
        places: what it is smooth in, by name, shape ``(n, k)`` each, scaled so that one is a large step.
        groups: what tests may share, by name, ``n`` texts each; an empty text is shared with none.
        heat: 0 up to room temperature, 1 a thousand degrees above, shape ``(n,)``.
    """

    prior: Floats
    columns: Mapping[str, Floats]
    places: Mapping[str, Floats]
    groups: Mapping[str, Texts]
    heat: Floats

    def __len__(self) -> int:
        return len(self.heat)

    @classmethod
    def of(cls, measurements: StrengthMeasurements) -> StrengthInputs:
        """Those of measurements."""
        groups = {"source": measurements.sources, "processing": measurements.processing, "test": measurements.tests}
        return cls.of_tests(measurements.fractions, measurements.celsius, groups)

    @classmethod
    def of_tests(cls, fractions: Floats, celsius: Floats, groups: Mapping[str, Texts]) -> StrengthInputs:
        """Those of tests that nobody has made yet.

        Args:
            fractions: over the elements of the edge model, shape ``(n, d)``.
            celsius: temperatures in °C, shape ``(n,)``.
            groups: ``source``, ``processing`` and ``test`` of each; empty where not known.
        """
        kelvin = celsius + ZERO_CELSIUS_K
        homologous = kelvin / _solidus(fractions)
        softening = np.clip(homologous - edge.SOFTENING_START, 0.0, _MOST_SOFTENING)
        prior = np.log(_edge(fractions, kelvin)) - edge.SOFTENING_RATE * softening
        columns = {
            "one": np.ones(len(kelvin)),
            "edge": prior - _USUAL,
            "temperature": (kelvin - _WARM_K) / 500,
            "softening": softening / 0.2,
            "hot": np.maximum(kelvin - _WARM_K, 0.0) / 300,
        }
        places = {
            "composition": fractions / 0.25,
            "temperature": (kelvin[:, None] - _WARM_K) / 400,
            "homologous": (homologous[:, None] - 0.4) / 0.2,
        }
        shaped = {name: column[:, None] for name, column in columns.items()} | {"shares": fractions / 0.25}
        return cls(prior, shaped, places, groups, np.maximum(celsius - _ROOM_C, 0.0) / 1000)


def softened(fractions: Floats, celsius: Floats) -> Floats:
    """The edge model with softening as it is, MPa: 0 where a test is hotter than the estimated solidus.

    Args:
        fractions: over the elements of the edge model, shape ``(n, d)``.
        celsius: temperatures in °C, shape ``(n,)``.
    """
    kelvin, solidus = celsius + ZERO_CELSIUS_K, _solidus(fractions)
    factors = [edge.softening(each, solidus[i : i + 1])[0] for i, each in enumerate(kelvin.tolist())]
    return np.asarray(_edge(fractions, kelvin) * np.array(factors))


def _solidus(fractions: Floats) -> Floats:
    return melting_estimates(known_elements(), fractions)["solidus"]


def _edge(fractions: Floats, kelvin: Floats) -> Floats:
    """The edge model without softening, each alloy at its own temperature, MPa; at least what a log can take."""
    found = np.empty(len(kelvin))
    for each in np.unique(kelvin):
        rows = kelvin == each
        found[rows] = edge.edge_strength(known_elements(), fractions[rows], float(each))
    return np.maximum(found, 1e-3)
