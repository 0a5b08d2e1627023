"""Generators on alloys with variables beside the composition: what they draw is valid, and near two targets.

    python -m benchmarks.generators.variables --nims FILE [--families a,b] [--few] [--seeds 2]
    python -m benchmarks.generators.variables --families flow

The table: 360 steels of the NIMS fatigue data sheets (the file names its source), seven elements by weight and iron;
quenching and tempering temperature are numbers, and thirds of the reduction ratio a category. Targets are fatigue
strength and hardness. Without a file the table is one of synthetic steels, on which settings were chosen.

A generator is trained on half of the compositions. Targets are pairs of values of the other half. A draw hits where
both its properties, judged by kernel ridge regression fitted to all rows, are within 5 % of the target. ``nearest`` is
nearest-neighbour resampling: one of the ten training rows whose properties are nearest, its composition jittered by a
tenth, its variables kept. ``+own`` is an entrant sampled for its targets (`generators.asking.resampling`) with the
help of a regression fitted to the training half alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alloys.space import AlloySpace, Floats, VariedSpace
from alloys.space.variable_spec import VariableSpec, read_variables
from generators.asking.resampling import TargetSampler
from generators.evaluation.baselines import NearestNeighbours
from generators.evaluation.table import LabelledAlloys
from generators.interface import Sampler
from generators.registry import family_names, preset
from generators.train import train
from generators.training.settings import MANY_ROWS

CHOSEN: dict[str, dict[str, float | str]] = {
    "cae": {"prior": "kernel", "bandwidth": 0.5},
    "cvae": {"temperature": 0.5},
    "diffusion": {"guidance": 0.5},
    "flow": {"guidance": 0.5},
}
"""Beside the settings for many rows: of a few values each, the best on the synthetic steels (diffusion as flow)."""

NEAR = 0.05
"""Relative error within which a draw hits its target."""

GRID = {"kernelridge__gamma": [0.003, 0.01, 0.03, 0.1, 0.3], "kernelridge__alpha": [1e-3, 1e-2, 1e-1]}
"""Kernel widths and penalties tried, for standardised inputs."""


def nims(path: Path) -> LabelledAlloys:
    """Steels with their heat treatment."""
    frame = pd.read_csv(path)
    alloying = ["C", "Si", "Mn", "Ni", "Cr", "Cu", "Mo"]
    steps = (100 * frame[alloying]).round().astype(int)  # of 0.01 wt.%
    bounds = {s: (max(steps[s].min(), 1) / 10_000, steps[s].max() / 10_000) for s in alloying}
    grid = AlloySpace.build(
        ["Fe", *alloying], basis="wt", steps={s: 0.0001 for s in alloying}, balance="Fe", bounds=bounds, count=(2, 8)
    )
    steps["Fe"] = 10_000 - steps.sum(axis=1)
    size = pd.qcut(frame["RR"], 3, labels=["low", "middle", "high"]).astype(str)
    declared = {
        "quenching": {"low": 825, "high": 865, "step": 5, "unit": "degC"},
        "tempering": {"low": 550, "high": 680, "step": 10, "unit": "degC"},
        "reduction": ["low", "middle", "high"],
    }
    columns = {"quenching": frame.iloc[:, 1], "tempering": frame.iloc[:, 2], "reduction": size}
    names = ("Fatigue Strength (10E7 Cycles)", "Hardness")
    return _labelled("NIMS steels", grid, steps[list(grid.elements)].to_numpy(), declared, columns, frame, names)


def synthetic() -> LabelledAlloys:
    """Steels of eight grades that nobody made, each heat treated in three ways; their properties are formulas."""
    rng = np.random.default_rng(11)
    percent = {"C": (10, 60), "Si": (10, 50), "Mn": (30, 200), "Ni": (1, 300), "Cr": (1, 300), "V": (1, 30)}
    bounds = {s: (low / 10_000, high / 10_000) for s, (low, high) in percent.items()}
    grid = AlloySpace.build(
        ["Fe", *percent], basis="wt", steps={s: 0.0001 for s in percent}, balance="Fe", bounds=bounds, count=(5, 7)
    )
    grades = grid.fractions(grid.sample(8, rng))[np.arange(100) % 8]
    heats = grades * np.exp(0.08 * rng.standard_normal(grades.shape))
    steps = np.repeat(grid.round_to_grid(heats / heats.sum(axis=1, keepdims=True)), 3, axis=0)
    hold = 500 + 10 * np.concatenate([rng.choice(21, 3, False) for _ in heats])
    soak, form = np.repeat(820 + 5 * rng.integers(17, size=100), 3), np.repeat(rng.integers(3, size=100), 3)
    declared = {
        "hold": {"low": 500, "high": 700, "step": 10},
        "soak": {"low": 820, "high": 900, "step": 5},
        "form": ["bar", "plate", "wire"],
    }
    columns = {"hold": pd.Series(hold), "soak": pd.Series(soak), "form": pd.Series(np.array(declared["form"])[form])}
    amounts = dict(zip(grid.elements, grid.fractions(steps).T, strict=True))
    strength = 250 + 9000 * amounts["C"] + 3000 * amounts["Cr"] + 5000 * amounts["V"] + 2500 * amounts["Mn"]
    strength += 20 * (form == 2) - 0.9 * (hold - 500) + 0.3 * (soak - 820)
    hardness = 0.55 * strength + 15 * (form == 1) - 600 * amounts["Ni"] + 800 * amounts["Si"]
    frame = pd.DataFrame({"strength": strength, "hardness": hardness})
    return _labelled("synthetic steels", grid, steps, declared, columns, frame, ("strength", "hardness"))


def _labelled(source, grid, steps, declared, columns, frame, names) -> LabelledAlloys:  # type: ignore[no-untyped-def]
    """The table's rows as points, of rows that are one point the first."""
    variables = read_variables({name: VariableSpec.model_validate(spec) for name, spec in declared.items()})
    space = VariedSpace(grid, variables)
    chosen = [{name: column.iloc[i] for name, column in columns.items()} for i in range(len(frame))]
    plain = [{k: v if isinstance(v, str) else float(v) for k, v in each.items()} for each in chosen]
    places = np.array([variables.nearest(each) for each in plain], dtype=np.int64)
    points = space.joined(np.asarray(steps, dtype=np.int64), places)
    first = np.sort(np.unique(points, axis=0, return_index=True)[1])
    first = first[space.contains(points[first])]
    values = frame[list(names)].to_numpy(dtype=np.float64)
    return LabelledAlloys(source, space, tuple(names), points[first], values[first])


class Judge:
    """Kernel ridge regression of each property on standardised fractions and variables."""

    def __init__(self, data: LabelledAlloys) -> None:
        """Fits; ``error`` is the mean absolute relative error over five folds."""
        self.data, folds = data, KFold(5, shuffle=True, random_state=0)
        x = self._features(data.space.inputs(data.points))
        self.models, errors = [], []
        for y in data.values.T:
            search = GridSearchCV(make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")), GRID, cv=folds)
            mean, scale = y.mean(), y.std()
            best = search.fit(x, (y - mean) / scale).best_estimator_
            self.models.append((best, mean, scale))
            errors.append(np.abs(cross_val_predict(best, x, (y - mean) / scale, cv=folds) * scale + mean - y) / y)
        self.error = np.mean(errors, axis=1)

    def _features(self, inputs: Floats) -> Floats:
        d = len(self.data.space.elements)
        return np.concatenate([inputs[:, :d], self.data.space.variables.encoded(inputs[:, d:])], axis=1)

    def __call__(self, inputs: Floats) -> Floats:
        """Properties of inputs (`Space.inputs`), shape ``(m, p)``."""
        if not len(inputs):
            return np.zeros((0, len(self.models)))
        x = self._features(inputs)
        return np.stack([model.predict(x) * scale + mean for model, mean, scale in self.models], axis=1)


def halves(data: LabelledAlloys, seed: int) -> tuple[LabelledAlloys, LabelledAlloys]:
    """Rows of one half of the compositions, and of the other."""
    _, group = np.unique(data.points[:, : data.space.alloys.dimension], axis=0, return_inverse=True)
    first = np.random.default_rng(seed).permutation(group.max() + 1) < (group.max() + 1) / 2
    return data.subset(np.flatnonzero(first[group.ravel()])), data.subset(np.flatnonzero(~first[group.ravel()]))


def samplers(half: LabelledAlloys, families: list[str], few: bool, seed: int) -> Iterator[tuple[str, Sampler, float]]:
    """Entrants with the seconds that they took to be made."""
    own = Judge(half)
    for name in ("nearest", *families):
        start, sampler = time.perf_counter(), _made(name, half, few, seed)
        seconds = time.perf_counter() - start
        yield name, sampler, seconds
        yield f"{name}+own", TargetSampler(sampler, half.space, half.points, own), seconds


def _made(name: str, half: LabelledAlloys, few: bool, seed: int) -> Sampler:
    if name == "nearest":
        return NearestNeighbours(half)
    settings = {} if few else {**preset(name, MANY_ROWS), **CHOSEN.get(name, {})}
    rows = (half.names, half.points, half.values)
    return train(name, half.space, *rows, settings, seed=seed, device="cpu", threads=1).generator()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nims", type=Path, help="file of the steels; synthetic ones without it")
    parser.add_argument("--few", action="store_true", help="default settings; those chosen without it")
    parser.add_argument("--families", default=",".join(family_names()))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--targets", type=int, default=60)
    parser.add_argument("--each", type=int, default=10)
    arguments = parser.parse_args()
    data = synthetic() if arguments.nims is None else nims(arguments.nims)
    judge = Judge(data)
    errors = ", ".join(f"{name} {100 * error:.1f} %" for name, error in zip(data.names, judge.error, strict=True))
    print(f"{data.source}: {len(data.points)} rows; mean errors of the judge over five folds: {errors}")
    print("entrant               seed  training s  valid %  first valid %  within 5 %: both, each    distinct %")
    for seed in range(arguments.seeds):
        half, other = halves(data, seed)
        chosen = np.random.default_rng(seed).choice(len(other.points), min(arguments.targets, len(other.points)), False)
        asked = np.repeat(other.values[chosen], arguments.each, axis=0)
        for name, sampler, seconds in samplers(half, arguments.families.split(","), arguments.few, seed):
            drawn = sampler.sample(asked, seed=seed)
            near = np.abs(judge(data.space.inputs(drawn.points)) / asked[drawn.rows] - 1) <= NEAR
            valid = 100 * data.space.contains(drawn.points).sum() / len(asked)
            each = " ".join(f"{100 * share:5.1f}" for share in near.sum(axis=0) / len(asked))
            both = 100 * near.all(axis=1).sum() / len(asked)
            unique = 100 * len(np.unique(drawn.points, axis=0)) / len(drawn.points)
            print(
                f"{name:20s}  {seed:4d}  {seconds:10.0f}  {valid:7.1f}  {100 * drawn.first_draw_valid:13.1f}  "
                f"{both:16.1f}, {each}  {unique:10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
