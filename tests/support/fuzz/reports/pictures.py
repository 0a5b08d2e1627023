"""One picture of each place that draws, from data made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from alloys.design import Design


def drawers(folder: Path) -> dict[str, Callable[[], bytes]]:
    """What draws each picture, as the content of a file."""
    return {"replay": _replay(), "generators": _generators(), "phases": _phases(folder), "history": _history()}


def _replay() -> Callable[[], bytes]:
    from loop.replay.pool import ReplayPool
    from loop.replay.results import figure
    from loop.replay.run import Replay, ReplayPlan

    designs = [Design.parse(f"Nb{100 - i}Ta{i}") for i in range(1, 41)]
    pool = ReplayPool.of("a table", "answer", designs, np.arange(40.0))
    found = {"ours": np.tile(np.minimum(np.arange(1, 11), 2), (3, 1))}
    return lambda: figure(Replay(pool, ReplayPlan(init=2, batch=1, seeds=3, looks=10), found, {"ours": 1.0}))


def _generators() -> Callable[[], bytes]:
    from generators.evaluation.entrants import entrants
    from generators.evaluation.figures import figures
    from generators.evaluation.measuring import EvaluationGround, Trainings, measure
    from generators.evaluation.protocol import EvaluationPlan
    from generators.evaluation.table import known_table, labelled

    plan = EvaluationPlan(samples=20, domain_samples=5, real=5, real_samples=2, data_samples=100)
    ground = EvaluationGround.of(labelled(known_table(), (), "known alloys"), plan)
    (entrant,) = entrants(["nearest"], None, len(ground.data.points))
    outcome = measure(entrant, ground, Trainings(0))
    return lambda: b"".join(figures(outcome, ground).values())


def _phases(folder: Path) -> Callable[[], bytes]:
    from loop.review.phases.curves import draw_fractions
    from loop.review.phases.units import Degrees

    kelvin = np.linspace(1000.0, 3000.0, 21)
    shares = np.linspace(1.0, 0.0, 21)
    fractions = {"BCC_A2": shares, "LIQUID": 1 - shares, "SIGMA": 0.1 * shares}
    found = SimpleNamespace(kelvin=kelvin, fractions=fractions, ends={"solidus": 1500.0})
    path = folder / "phases.svg"

    def draw() -> bytes:
        draw_fractions(found, "NbTa", "mole fraction", Degrees(celsius=True), path)
        return path.read_bytes()

    return draw


def _history() -> Callable[[], bytes]:
    import pandas as pd

    from loop.review.figures.catalog import KINDS, Picture
    from loop.review.figures.history import HistoryData

    frame = pd.DataFrame({"iteration": [0, 1, 2], "results": [6, 8, 10], "value": [1.0, 1.5, 1.7]})
    frame = frame.assign(feasible=[3, 1, 2], validated=[6, 2, 2])
    data = HistoryData(frame, None, "hypervolume", "")
    return lambda: Picture("history", "History", data, KINDS["history"]).content(".png")
