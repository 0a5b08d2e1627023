"""A replay's curves as a CSV file and a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from alloys.errors import InputError
from loop.replay import metrics
from loop.replay.run import Replay
from loop.review.figures.style import own_style, tried

COLUMNS = ("method", "looks", "mean", "q05", "q50", "q95", "enhancement")


def save(result: Replay, folder: Path) -> list[Path]:
    """Writes ``replay.csv`` and ``replay.png`` and returns their paths; a picture that fails is a warning.

    Raises:
        InputError: if the folder cannot be written.
    """
    table, picture = folder / "replay.csv", folder / "replay.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows(rows(result))
        drawn = tried(lambda: figure(result), "replay")
        if drawn is None:
            return [table]
        picture.write_bytes(drawn)
    except OSError as error:
        raise InputError(f"cannot write results to {folder}: {error}") from error
    return [table, picture]


def rows(result: Replay) -> Iterator[tuple[str, int, str, str, str, str, str]]:
    """Fraction found by method and looks: mean, quantiles over campaigns, enhancement factor of the mean."""
    for method in result.found:
        curves = result.fractions(method)
        mean = curves.mean(axis=0)
        low, middle, high = np.quantile(curves, [0.05, 0.5, 0.95], axis=0)
        factor = metrics.enhancement(mean, len(result.pool))
        for i in range(len(mean)):
            values = (mean[i], low[i], middle[i], high[i], factor[i])
            one, two, three, four, five = (f"{value:.6g}" for value in values)
            yield method, i + 1, one, two, three, four, five


@own_style()
def figure(result: Replay) -> bytes:
    """Fraction found and enhancement factor over looks, as PNG; the band of chance is exact."""
    pool, plan = result.pool, result.plan
    looks = np.arange(1, plan.looks + 1)
    drawn = Figure(figsize=(11, 4.5))
    left, right = drawn.subplots(1, 2)
    chance = metrics.random_fraction(len(pool), plan.looks)
    band = [metrics.random_quantile(len(pool), int(pool.best.sum()), plan.looks, share) for share in (0.05, 0.95)]
    left.plot(looks, chance, c="0.4", ls="--", label="chance, expected")
    left.fill_between(looks, *band, color="0.9", label="chance, 5 to 95 %")
    right.axhline(1.0, c="0.4", ls="--")
    for method in result.found:
        curves = result.fractions(method)
        line = left.plot(looks, curves.mean(axis=0), label=method)[0]
        low, high = np.quantile(curves, [0.05, 0.95], axis=0)
        left.fill_between(looks, low, high, color=line.get_color(), alpha=0.12, lw=0)
        right.plot(looks, metrics.enhancement(curves.mean(axis=0), len(pool)), label=method)
    left.set_ylabel(f"fraction of the best {int(pool.best.sum())} rows found")
    left.set_ylim(0, 1.02)
    right.set_ylabel("enhancement factor")
    left.legend(fontsize=8, loc="upper left")
    for axes in (left, right):
        axes.set_xlabel("looks")
    drawn.suptitle(f"{pool.target}, {pool.sought}: {len(pool)} rows, {plan.seeds} campaigns")
    stream = io.BytesIO()
    drawn.savefig(stream, format="png", dpi=120, bbox_inches="tight", metadata={"Software": "alloyloop"})
    return stream.getvalue()
