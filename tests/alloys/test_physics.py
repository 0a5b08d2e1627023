"""Bundles of prior knowledge: laws that each keeps, and what the two of the project say."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.closed_forms import answered
from alloys.physics.registry import get_physics, physics_names
from alloys.properties import PROPERTIES
from alloys.space import AlloySpace

REFRACTORY = tuple("Cr Hf Mo Nb Ta Ti V W Zr".split())
OTHERS = tuple("Al Co Cr Fe Ni".split())
STRANGE = tuple("Au Nb Pu".split())


def _fractions(elements: tuple[str, ...], count: int = 50) -> np.ndarray:
    space = AlloySpace.build(elements, count=(2, len(elements)), upper=0.9)
    return space.fractions(space.sample(count, np.random.default_rng(0)))


@pytest.mark.parametrize("name", physics_names())
def test_a_bundle_keeps_its_own_promises(name: str) -> None:
    physics = get_physics(name)
    fractions = _fractions(REFRACTORY)
    described = physics.describe(REFRACTORY, fractions)
    assert described.shape == (50, len(physics.descriptors(REFRACTORY)))
    assert np.isfinite(described).all()
    members = [member for group in physics.groups(REFRACTORY).values() for member in group]
    assert sorted(members) == sorted(physics.descriptors(REFRACTORY))
    priors = physics.prior_means(REFRACTORY, fractions, described)
    assert set(physics.derived) | set(priors) <= set(physics.prior_std)
    for known in (*priors, *physics.closed_forms, *physics.derived, *physics.derived.values()):
        assert known in PROPERTIES
    for property_, source in physics.derived.items():
        derived = physics.derive(source, np.asarray(priors[source]), REFRACTORY, fractions)
        assert derived[property_].shape == (50,)


@pytest.mark.parametrize("name", physics_names())
def test_a_bundle_is_the_same_after_travelling(name: str) -> None:
    assert pickle.loads(pickle.dumps(get_physics(name))) == get_physics(name)


@pytest.mark.parametrize(
    "elements", [REFRACTORY, OTHERS, STRANGE], ids=["-".join(e) for e in (REFRACTORY, OTHERS, STRANGE)]
)
def test_generic_refuses_no_element_and_expects_nothing(elements: tuple[str, ...]) -> None:
    generic = get_physics("generic")
    generic.check(elements)
    described = generic.describe(elements, _fractions(elements))
    assert np.isfinite(described).all()
    assert "mixing_entropy" in generic.descriptors(elements)
    assert generic.prior_means(elements, _fractions(elements), described) == {}
    assert generic.start_table() == []


def test_generic_leaves_out_what_an_element_has_no_number_for() -> None:
    generic = get_physics("generic")
    assert "mean_vec" in generic.descriptors(OTHERS)
    assert "mean_vec" in generic.descriptors(STRANGE)
    assert "mean_shear_modulus" not in generic.descriptors(STRANGE)
    assert answered(generic.closed_forms, Design.parse("AuPu"))[0]["density"] == pytest.approx(19.6, abs=0.1)
    assert "shear_modulus" not in answered(generic.closed_forms, Design.parse("AuPu"))[0]


def test_refractory_names_what_it_cannot_describe() -> None:
    with pytest.raises(InputError, match="no reference data for Co, Ni; available are Cr, Hf"):
        get_physics("refractory").check(("Co", "Cr", "Ni"))


def test_an_unknown_bundle_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match="unknown physics 'steel'; available are generic, refractory"):
        get_physics("steel")
