"""The steps of `benchmarks.gpu`: each prints its figures as they come."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from benchmarks.common.tables import published_sized
from generators.registry import family_names
from generators.train import TrainedModel, train
from generators.training.neural import NeuralGenerator

ROOT = Path(__file__).resolve().parents[2]
CONDITIONS, EACH = 20, 2000
"""Samples are drawn as in the papers: so many of each of so many conditions."""

GPU = "cuda" if torch.cuda.is_available() else "cpu"
"""What is measured beside the CPU: the CPU again where there is no other."""


def machine() -> str:
    """What is measured, in words."""
    where = torch.cuda.get_device_name() if GPU == "cuda" else "no GPU here: the CPU stands for it"
    return f"{where}; torch {torch.__version__}, {os.cpu_count()} CPUs, one thread"


def seconds(work: Callable[[], Any], device: str = GPU) -> float:
    """Wall time of some work, until the device has done all of it."""
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Training:
    """A training of a fixed length: no early end, no second try."""

    family: str
    epochs: int
    device: str
    seed: int = 0
    precision: str = "float32"


def trained(training: Training) -> TrainedModel:
    """The model, on a table of published size."""
    table = published_sized()
    fixed = {"epochs": training.epochs, "patience": training.epochs, "retries": 0, "precision": training.precision}
    return train(
        training.family,
        table.space,
        table.properties,
        table.points,
        table.values,
        fixed,
        seed=training.seed,
        device=training.device,
        threads=1,
    )


def samples_per_second(model: TrainedModel, device: str, each: int) -> float:
    """Valid samples in a second, decoding and the space's checks included, after a first call."""
    generator = cast("NeuralGenerator[Any, Any]", model.generator()).to(device)
    asked = np.repeat(published_sized().values[:CONDITIONS], each, axis=0)
    generator.sample(asked[:100], seed=0)
    return len(asked) / seconds(lambda: generator.sample(asked, seed=1), device)


def trainings(*, small: bool) -> None:
    """Every family: the same epochs on the CPU, on the GPU, and on the GPU in bfloat16."""
    epochs, each = (2, 50) if small else (60, EACH)
    families = ("cae", "cvae") if small else family_names()
    trained(Training("cae", 1, GPU))  # whoever is first waits for the device
    print(f"{epochs} epochs of 500 rows x 22 elements; seconds, then loss of held-out rows at the end, samples in 1 s")
    first = 0.0
    for family in families:
        ways = (("CPU", "cpu", "float32"), (f"{GPU} float32", GPU, "float32"), (f"{GPU} bf16", GPU, "bf16"))
        for name, device, precision in ways:
            model = trained(Training(family, epochs, device, precision=precision))
            took = model.report.seconds
            first = took if name == "CPU" else first
            print(
                f"  {family:10s} {name:14s} {took:7.2f} s, CPU/this {first / took:5.2f}; loss "
                f"{model.report.validation_losses[-1]:9.4f}; {samples_per_second(model, device, each):11,.0f}",
                flush=True,
            )


def actors(*, small: bool) -> None:
    """Trainings one after another, then side by side in actors that share the GPU."""
    from loop.config.schema import ClusterConfig  # late: with Ray, which may be missing
    from loop.execute.cluster import RayExecutor

    epochs, members = (2, 2) if small else (60, 5)
    groups = {
        "ensemble of cvae": [Training("cvae", epochs, GPU, seed) for seed in range(members)],
        "one of each family": [Training(name, epochs, GPU) for name in family_names()[:members]],
    }
    trained(Training("cae", 1, GPU))
    alone = {name: seconds(lambda work=work: [trained(each) for each in work]) for name, work in groups.items()}
    executor = RayExecutor(ClusterConfig(executor="ray", workers=1), families=members)
    try:
        executor.prepare()
        side_by_side(executor, [Training("cae", 1, GPU)] * members)  # every actor imports, and meets the device
        for name, work in groups.items():
            together = seconds(lambda work=work: side_by_side(executor, work), "cpu")
            print(
                f"  {name}, {members} trainings of {epochs} epochs: one after another {alone[name]:.1f} s, "
                f"{members} actors with 1/{members} of the GPU each {together:.1f} s; "
                f"ratio {alone[name] / together:.2f}",
                flush=True,
            )
    finally:
        executor.close()


def side_by_side(executor: Any, work: Sequence[Training]) -> None:
    """Begins trainings and waits for all of them."""
    from loop.execute.tasks import ModelTask

    left = {f"training {k}" for k in range(len(work))}
    for name, training in zip(sorted(left), work, strict=True):
        executor.begin(ModelTask(name, "benchmarks.gpu.steps:trained", training, trains=True))
    while left:
        left -= set(executor.results(5.0))


def ranking(*, small: bool) -> None:
    """Means, deviations and the best of a million candidates, by the surrogate's posterior."""
    from benchmarks.common.synthetic import SPACE, observed
    from surrogates.model.gp import GP, matern

    count, observations = (5_000, 40) if small else (1_000_000, 529)
    _, _, surrogate = observed(observations)
    drawn = SPACE.sample(10_000, np.random.default_rng(1))
    started = time.perf_counter()
    inputs = torch.tensor(surrogate.latent_inputs(surrogate.describe(SPACE.fractions(drawn))))
    described = time.perf_counter() - started
    processes = [output.gp for output in surrogate.outputs.values() if isinstance(output.gp, GP)]

    def posterior(gp: GP, device: str, kind: torch.dtype, rows: int) -> None:
        known, factor, scale = (part.to(device, kind) for part in (gp.inputs, gp.factor, gp.lengthscale))
        weights, block = gp.weights.to(device, kind), inputs.to(device, kind)
        best = []
        for start in range(0, rows, len(block)):
            cross = matern(known, block[: rows - start], scale)
            spread = (1 - torch.linalg.solve_triangular(factor, cross, upper=False).square().sum(0)).clamp_min(1e-10)
            best.append((cross.T @ weights + spread.sqrt()).topk(8).values)
        torch.cat(best).topk(8).values.cpu()

    posterior(processes[0], GPU, torch.float64, len(inputs))
    taken = {}
    for device, kind, rows in (
        ("cpu", torch.float64, max(len(inputs), count // 20)),
        (GPU, torch.float64, count),
        (GPU, torch.float32, count),
    ):
        wall = seconds(lambda d=device, k=kind, r=rows: [posterior(gp, d, k, r) for gp in processes], device)
        taken[device, kind] = wall * count / rows
        part = "" if rows == count else f" (scaled from {rows:,})"
        print(
            f"  {count:,} candidates, {observations} observations, {len(processes)} properties, {device} "
            f"{str(kind)[6:]}: {taken[device, kind]:.2f} s{part}; CPU/this "
            f"{taken['cpu', torch.float64] / taken[device, kind]:.1f}",
            flush=True,
        )
    print(f"  descriptors of as many, on the CPU: {described * count / len(drawn):.1f} s (scaled from {len(drawn):,})")


def cgan(*, small: bool) -> None:
    """The papers' conditional network: a training, and two million samples. The papers took an hour on a P100."""
    from generators.evaluation.reproduction.models.choices import settings_of_model
    from generators.evaluation.reproduction.models.game import BareGame

    # a quarter of the reproduction's epochs: the seconds of an epoch do not depend on their number
    table, changes = published_sized(), {"epochs": 1 if small else 150}
    count = 10_000 if small else 2_000_000
    took: dict[str, tuple[float, float]] = {}
    for device in dict.fromkeys((GPU, "cpu")):
        model = BareGame(table.space, table.properties, settings_of_model("paper-cgan", changes))
        model.fit(table.points[:32], table.values[:32], seed=0, device=device, threads=1)
        fit = seconds(lambda m=model, d=device: m.fit(table.points, table.values, seed=0, device=d, threads=1), device)
        network = model.to(device).network
        rng = torch.Generator().manual_seed(0)

        def draw(network: Any = network, rng: torch.Generator = rng, device: str = device) -> None:
            for start in range(0, count, 100_000):
                rows = min(100_000, count - start)
                with torch.no_grad():
                    network.decode(network.latents(rows, rng), torch.zeros(rows, 2, device=device)).cpu()

        draws = seconds(draw, device)
        took[device] = fit, draws
        epochs = model.settings.epochs
        print(f"  {device}: {epochs} epochs {fit:.1f} s; {count:,} compositions {draws:.2f} s", flush=True)
    ratios = [cpu / other for cpu, other in zip(took["cpu"], took[GPU], strict=True)]
    print(f"  CPU/{GPU}: training {ratios[0]:.2f}, compositions {ratios[1]:.1f}")


def run(*, small: bool) -> None:
    """The first campaign, with the GPU and without."""
    changes = ["--set", "iterations=1"] if small else []
    taken = []
    for name, hidden in ((GPU, {}), ("CPU", {"CUDA_VISIBLE_DEVICES": ""})):
        with tempfile.TemporaryDirectory() as folder:
            call = [sys.executable, "-m", "loop.cli", "run", "configs/quickstart.yaml", *changes]
            call += ["--set", f"directory={folder}", "--set", "tracking.enabled=false"]
            started = time.perf_counter()
            subprocess.run(call, cwd=ROOT, env={**os.environ, **hidden}, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
        print(f"  alloyloop run configs/quickstart.yaml, {name}: {taken[-1]:.1f} s", flush=True)
    print(f"  CPU/{GPU}: {taken[1] / taken[0]:.2f}")


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, and how many seconds it may take."""

    work: Callable[..., None]
    seconds: float


STEPS = {
    "trainings": Step(trainings, 140),
    "cgan": Step(cgan, 80),
    "ranking": Step(ranking, 60),
    "actors": Step(actors, 100),
    "run": Step(run, 90),
}
