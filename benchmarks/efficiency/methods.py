"""The methods by name, each made for one run; a peer's package is imported only when its method is asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from alloys.errors import InputError
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import Method

Make = Callable[[Problem, int, int], Method]


@dataclass(frozen=True, slots=True)
class Entry:
    """How a method is made.

    Attributes:
        make: from the problem, the batch size and a seed.
        peer: whether it counts among the peers, against which the loop is judged.
        needs: the module that must be there, and the name of its package.
    """

    make: Make
    peer: bool = False
    needs: tuple[str, str] | None = None


def _random(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.efficiency.simple import Random

    return Random(problem, q, seed)


def _botorch(name: str, describe: str) -> Make:
    def make(problem: Problem, q: int, seed: int) -> Method:
        from benchmarks.efficiency.peers import botorch as peer_botorch

        return peer_botorch.BoTorch(problem, q, seed, name, getattr(peer_botorch, describe))

    return make


def _ax(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.efficiency.peers.ax import Ax

    return Ax(problem, q, seed)


def _baybe(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.efficiency.peers.baybe import BayBE

    return BayBE(problem, q, seed)


def _nsga2(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.efficiency.peers.pymoo import Nsga2

    return Nsga2(problem, q, seed)


def _ours(name: str, *overrides: str, generators: bool = True) -> Make:
    def make(problem: Problem, q: int, seed: int) -> Method:
        from benchmarks.efficiency.ours import Ours

        return Ours(problem, q, name, overrides, generators=generators)

    return make


METHODS: dict[str, Entry] = {
    "random": Entry(_random),
    "botorch-compositions": Entry(_botorch("botorch-compositions", "bare"), peer=True),
    "botorch-descriptors": Entry(_botorch("botorch-descriptors", "both"), peer=True),
    "botorch-descriptors-alone": Entry(_botorch("botorch-descriptors-alone", "physics"), peer=True),
    "ax": Entry(_ax, peer=True, needs=("ax", "ax-platform")),
    "baybe": Entry(_baybe, peer=True, needs=("baybe", "baybe")),
    "nsga2": Entry(_nsga2, peer=True, needs=("pymoo", "pymoo")),
    "ours": Entry(_ours("ours")),
    "ours-no-generators": Entry(_ours("ours-no-generators", generators=False)),
    "ours-unguided": Entry(_ours("ours-unguided", "generator.guided=false")),
}

PEERS: tuple[str, ...] = tuple(name for name, entry in METHODS.items() if entry.peer)


def chosen(names: str | None) -> list[str]:
    """The methods of a text with commas, or all.

    Raises:
        InputError: for a name that is none.
    """
    wanted = [name.strip() for name in names.split(",")] if names else list(METHODS)
    stray = [name for name in wanted if name not in METHODS]
    if stray:
        raise InputError(f"unknown methods: {', '.join(stray)}; available are {', '.join(METHODS)}")
    return wanted


def lacking(name: str) -> str | None:
    """Which package a method needs that is not there, with how to install it; None where nothing is missing."""
    needs = METHODS[name].needs
    if needs is None or importlib.util.find_spec(needs[0]) is not None:
        return None
    return f"{name} is left out: it needs {needs[1]}; install the peers with `pip install -e '.[peers]'`"
