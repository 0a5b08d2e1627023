"""What a surrogate learns of variables beside the composition, and who gets the credit for a prediction."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.space.variables import Variable, Variables
from surrogates.explaining.attribution import by_descriptors, by_elements, relevance
from surrogates.model.surrogate import Surrogate

VARIABLES = Variables(
    (
        Variable("route", ("cast", "annealed", "aged"), "category"),
        Variable("temperature", tuple(range(600, 1201, 100)), "number", unit="degC", when=(("route", ("annealed",)),)),
    )
)
HARDNESS = PropertySpec.model_validate({"unit": "HV", "range": [0, 2000], "usual": [200, 500]})
PHYSICS = declare(get_physics("generic"), {"hardness": HARDNESS}, VARIABLES)
ELEMENTS = ("Al", "Co", "Ni")


def _rows(n: int, seed: int, foreign: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of alloys, and a hardness that a route lowers by 120 HV."""
    draw = np.random.default_rng(seed)
    fractions = draw.dirichlet(np.ones(3 + foreign), n)
    chosen = VARIABLES.raw(VARIABLES.sample(n, draw))
    hardness = 300 + 150 * fractions[:, 0] - 120 * (chosen[:, 0] == 1) + 0.05 * np.nan_to_num(chosen[:, 1], nan=0.0)
    return np.concatenate([fractions, chosen], axis=1), hardness


def _fitted(n: int = 24, foreign: tuple[str, ...] = ()) -> Surrogate:
    inputs, hardness = _rows(n, 1, len(foreign))
    return Surrogate.fit(PHYSICS, ELEMENTS, inputs, {"hardness": hardness}, variables=VARIABLES, foreign=foreign)


def test_a_difference_between_routes_is_learned_from_a_few_rows() -> None:
    surrogate, (inputs, hardness) = _fitted(), _rows(200, 2)
    means, stds = surrogate.predict(inputs)
    error = np.abs(means["hardness"] - hardness)
    assert error.mean() < 20  # the routes are 120 HV apart
    assert (stds["hardness"] > 0).all()
    cast, annealed = inputs[:1].copy(), inputs[:1].copy()
    cast[0, 3:], annealed[0, 3:] = (0, np.nan), (1, 900)
    told = [float(surrogate.predict(row)[0]["hardness"][0]) for row in (cast, annealed)]
    assert told[0] - told[1] == pytest.approx(120 - 45, abs=40)


def test_foreign_elements_stand_beside_variables() -> None:
    surrogate, (inputs, hardness) = _fitted(30, ("Cr",)), _rows(100, 3)
    assert np.abs(surrogate.predict(inputs)[0]["hardness"] - hardness).mean() < 40


def test_variables_are_players_and_relevant_inputs() -> None:
    surrogate, (inputs, _) = _fitted(), _rows(30, 4)
    aged = inputs[int(np.flatnonzero(inputs[:, 3] == 1)[0])]
    shares = by_descriptors(surrogate, aged, inputs)["hardness"].shares
    assert {"route", "temperature"} <= set(shares)
    assert min(shares, key=lambda player: shares[player]) == "route"
    assert {"route = cast", "temperature"} <= set(relevance(surrogate)["hardness"])


def test_designs_without_a_composition_have_no_elements_to_credit() -> None:
    inputs, hardness = _rows(24, 5)
    surrogate = Surrogate.fit(
        PHYSICS, (), inputs[:, 3:], {"hardness": hardness - 150 * inputs[:, 0]}, variables=VARIABLES
    )
    found = by_elements(surrogate, inputs[0, 3:], inputs[:, 3:])["hardness"]
    assert (found.shares, found.baseline) == ({}, found.prediction)
    parts = by_descriptors(surrogate, inputs[0, 3:], inputs[:, 3:])["hardness"]
    assert set(parts.shares) == {"route", "temperature"}
    assert sum(parts.shares.values()) == pytest.approx(parts.prediction - parts.baseline)
