"""Hypervolume against evaluations, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.efficiency.report import Comparison


def draw(comparison: Comparison, path: Path) -> None:
    """One line for each method, the median over its seeds, with a band from least to most; written as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for method, runs in comparison.runs.items():
        curves = np.array([comparison.curves[run.method, run.seed] for run in runs])
        ends = runs[0].ends()
        (line,) = axes.plot(ends, np.median(curves, axis=0), label=f"{method} ({len(runs)})")
        axes.fill_between(ends, curves.min(axis=0), curves.max(axis=0), color=line.get_color(), alpha=0.12, lw=0)
    axes.set(xlabel="evaluations", ylabel="hypervolume / that of all fronts together", ylim=(0, 1.02))
    axes.legend(loc="lower right", fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
