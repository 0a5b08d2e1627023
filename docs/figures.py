"""Pictures of the page on benchmarks, drawn from the figures that are kept in `benchmarks/results`."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
KEPT = [RESULTS / "generators" / "papers" / f"{paper}.json" for paper in ("tung-2022", "debnath-2021")]
"""Numbers of the papers' figures, done again."""
OURS, OTHERS = "#0072b2", "#999999"
"""Blue and grey, told apart by everybody and in print."""


def draw_all(folder: Path) -> None:
    """Writes every picture to a folder.

    Raises:
        ValueError: if a file of results has another form than it had.
    """
    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    for draw in (efficiency, replays, generators, nodes):
        draw(folder / f"{draw.__name__}.svg")


def draw_papers(folder: Path) -> None:
    """Writes the page of the papers' figures from the numbers that are kept, unless it is newer than all it needs."""
    from alloys.files import write_atomic  # late: with the project
    from loop.review.papers.kept import loads
    from loop.review.papers.page import papers_page

    page = folder / "papers-done-again.html"
    if not page.exists() or page.stat().st_mtime < max(path.stat().st_mtime for path in papers_need()):
        text = papers_page([loads(path.read_text("utf-8")) for path in KEPT])
        write_atomic(page, text.encode(), mode=0o644)


def papers_need() -> set[Path]:
    """What the page of the papers' figures is made of: numbers, texts, code, and the modules that this code imports."""
    from loop.review import papers  # late: with the project

    own = {path for path in Path(papers.__file__).parent.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    code = "".join(path.read_text("utf-8") for path in own if path.suffix == ".py")
    names = set(re.findall(r"^from ((?:alloys|generators|loop)\.[\w.]+) import", code, re.MULTILINE))
    return {*KEPT, *own, *(Path(str(import_module(name).__file__)) for name in names)}


def _axes(**labels: Any) -> tuple[Any, Any]:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.2), layout="constrained")
    axes.set(**labels)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _rows(text: str, pattern: str) -> list[tuple[str, ...]]:
    found = re.findall(pattern, text, re.MULTILINE)
    if not found:
        raise ValueError(f"nothing in the results looks like {pattern}")
    return found


def efficiency(path: Path) -> None:
    """Hypervolume against validations, for each method the median over its seeds with the least and the most."""
    from benchmarks.efficiency.records import read_all  # late: with the project
    from benchmarks.efficiency.report import Comparison
    from loop.config.assembly import build_problem
    from loop.config.reading import load_config

    config = load_config(ROOT / "configs" / "refractory.yaml")
    signed = build_problem(config).goal.signed_objectives(config.reference_point or {})
    runs = read_all(RESULTS / "efficiency" / "own")
    comparison = Comparison.of(runs, [], np.array(signed), runs[0].problem)
    figure, axes = _axes(xlabel="validations", ylabel="hypervolume / that of all fronts together", ylim=(0, 1.02))
    colours = iter((OTHERS, "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#000000"))
    for method, own in comparison.runs.items():
        curves = np.array([comparison.curves[run.method, run.seed] for run in own])
        ours = method.startswith("ours")
        style = {"color": OURS if ours else next(colours), "lw": 2.5 if method == "ours" else 1.2}
        (line,) = axes.plot(own[0].ends(), np.median(curves, axis=0), label=f"{method} ({len(own)})", **style)
        axes.fill_between(
            own[0].ends(), curves.min(axis=0), curves.max(axis=0), color=line.get_color(), alpha=0.1, lw=0
        )
        if ours and method != "ours":
            line.set_linestyle(":" if "un" in method else "--")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)
    _save(figure, path)


def replays(path: Path) -> None:
    """How much sooner than the best of the other methods the loop finds 80 % of the best rows, with 90 % intervals."""
    text = (RESULTS / "surrogates" / "replay.txt").read_text("utf-8")
    ratio = r"^(\w[\w-]*): \d+ rows(?:(?!^\w).)*?AF at 80 %: (at least )?([\d.]+) \(([\d.]+) to ([\d.]+)\)"
    found = re.findall(ratio, text, re.MULTILINE | re.DOTALL)
    if len(found) < 5:
        raise ValueError("replay.txt no longer says by how much the loop is ahead on each pool")
    figure, axes = _axes(xlabel="acceleration of alloyloop over that of the best other method")
    for place, (pool, at_least, *numbers) in enumerate(reversed(found)):
        value, low, high = map(float, numbers)
        axes.plot([low, high], [place, place], color=OURS, lw=1.5)
        axes.plot(value, place, ">" if at_least else "o", color=OURS)
        axes.annotate(pool, (0.02, place), va="center", xycoords=("axes fraction", "data"))
    axes.axvline(1, color="black", lw=0.8)
    axes.set(yticks=[], xticks=np.arange(0, 2.1, 0.5), xlim=(-0.6, None), ylim=(-0.6, None))
    _save(figure, path)


def generators(path: Path) -> None:
    """The error of each generator against its target, and how many of its alloys are hits."""
    text = (RESULTS / "generators" / "generators.txt").read_text("utf-8")
    found: dict[str, dict[str, float]] = {}
    for block in text.split("┏")[1:]:
        names = [cell.strip() for cell in block.splitlines()[1].strip("┃").split("┃")][1:]
        for measure, cells in re.findall(r"^│ (\w+) +│(.*)│$", block, re.MULTILINE):
            values = [
                float(cell.replace(",", "")) if re.match(r" *[\d,.]+ *$", cell) else np.nan for cell in cells.split("│")
            ]
            for name, value in zip(names, values, strict=True):
                found.setdefault(name, {})[measure] = value
    shown = {name: each for name, each in found.items() if {"mape_percent", "hits_per_500"} <= set(each)}
    figure, axes = _axes(
        xlabel="mean error against the target, % (left is better)", ylabel="hits of 500 draws", xscale="log"
    )
    for rank, (name, each) in enumerate(sorted(shown.items(), key=lambda item: item[1]["mape_percent"])):
        axes.plot(each["mape_percent"], each["hits_per_500"], "o", color=OURS if "+" in name else OTHERS)
        axes.annotate(
            name,
            (each["mape_percent"], each["hits_per_500"]),
            (5, (4, -11)[rank % 2]),
            textcoords="offset points",
            fontsize=8,
        )
    _save(figure, path)


def nodes(path: Path) -> None:
    """Speed of a campaign whose validations wait, against the number of nodes."""
    text = (RESULTS / "running" / "nodes.txt").read_text("utf-8").partition("\n\n")[0]
    rows = _rows(text, r"^(\d+) nodes: .*?, ([\d.]+) times the speed")
    numbers, speeds = zip(*((int(n), float(speed)) for n, speed in rows), strict=True)
    figure, axes = _axes(xlabel="nodes of one CPU", ylabel="times the speed of one node")
    axes.plot(numbers, numbers, color=OTHERS, lw=1, label="at most")
    axes.plot(numbers, speeds, "o-", color=OURS, label="measured")
    axes.legend(frameon=False)
    _save(figure, path)
