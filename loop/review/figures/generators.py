"""Who proposed what: share of the batches, hit rate and novelty of each generator and sampler."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from plotly.subplots import make_subplots
from scipy.spatial import cKDTree
from scipy.stats import binomtest

from alloys.errors import InputError
from loop.review.figures.browser import in_browser
from loop.review.figures.results import Results
from loop.review.figures.style import BLUE, GREY, INK, MANY, ORANGE
from loop.store import CampaignStore

SURE = 0.95
"""Of the interval of a hit rate (Wilson, J. Am. Stat. Assoc. 22 (1927) 209)."""


@dataclass(frozen=True)
class GeneratorsData:
    """A row for each generator or sampler.

    Attributes:
        table: by name, ``proposed`` (candidates; NaN where it is not noted), ``validated``, ``feasible``, ``front``,
            and ``share`` (of the validated designs), ``hit_rate`` with ``low`` and ``high``, ``novelty`` (median).
        novelty: by name, how many at.% of each design's atoms must be exchanged for the nearest design known before its
            iteration; empty without elements.
    """

    table: pd.DataFrame
    novelty: dict[str, list[float]]


def prepare(results: Results, store: CampaignStore) -> GeneratorsData:
    """Counts by who proposed.

    Raises:
        InputError: if nothing that was proposed has been validated.
    """
    view, upto = results.view, results.upto
    asked = {row.design for row in view.rows if row.iteration is not None}
    frame = results.frame[results.frame["design"].isin(asked)]
    if frame.empty:
        raise InputError(f"campaign {view.config.name!r} has no validated proposal yet")
    proposed: Counter[str] = Counter()
    for iteration in store.iterations():
        proposed.update(iteration.notes.screening.proposed if upto is None or iteration.index <= upto else {})
    groups = frame.groupby("origin")
    table = pd.DataFrame(
        {"validated": groups.size(), "feasible": groups["feasible"].sum(), "front": groups["front"].sum()}
    )
    table["proposed"] = [proposed.get(str(name), np.nan) for name in table.index]
    table["share"] = table["validated"] / len(frame)
    table["hit_rate"] = table["feasible"] / table["validated"]
    ends = [_interval(int(k), int(n)) for k, n in zip(table["feasible"], table["validated"], strict=True)]
    table[["low", "high"]] = np.array(ends).reshape(-1, 2)
    novelty = _novelty(results, frame)
    table["novelty"] = [float(np.median(novelty[n])) if novelty.get(str(n)) else np.nan for n in table.index]
    return GeneratorsData(table.sort_values("validated", ascending=False), novelty)


def _interval(hits: int, count: int) -> tuple[float, float]:
    found = binomtest(hits, count).proportion_ci(SURE, method="wilson")
    return float(found.low), float(found.high)


def _novelty(results: Results, frame: pd.DataFrame) -> dict[str, list[float]]:
    view = results.view
    if not view.space.elements:
        return {}
    known = results.frame[~results.frame["failed"]]
    own = 100.0 * view.fractions(list(frame["design"]), view.foreign)
    others = 100.0 * view.fractions(list(known["design"]), view.foreign)
    found: dict[str, list[float]] = {}
    for iteration in sorted(set(frame["iteration"])):
        before = others[(known["iteration"] < iteration).to_numpy()]
        now = (frame["iteration"] == iteration).to_numpy()
        if len(before) and iteration > 0:
            away = cKDTree(before).query(own[now], p=1)[0] / 2.0
            for name, value in zip(frame["origin"][now], away, strict=True):
                found.setdefault(str(name), []).append(float(value))
    return found


def draw(data: GeneratorsData) -> Figure:
    """For paper."""
    table, count = data.table, len(data.table)
    figure = Figure(figsize=(8.4, 0.5 * count + 1.5), layout="constrained")
    shares, hits, news = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1))
    places = np.arange(count)
    shares.barh(places, table["share"], color=BLUE, height=0.6)
    _write(shares, places, table["share"], [f"{n}" for n in table["validated"]])
    hits.barh(places, table["hit_rate"], color=BLUE, height=0.6)
    bars = np.clip([table["hit_rate"] - table["low"], table["high"] - table["hit_rate"]], 0, None)
    hits.errorbar(table["hit_rate"], places, xerr=bars, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
    for place, name in enumerate(map(str, table.index)):
        values = np.array(data.novelty.get(name, []))
        jitter = 0.18 * np.sin(np.arange(len(values)) * 2.4)
        news.scatter(values, place + jitter, s=12, color=GREY, alpha=0.7, lw=0, rasterized=len(values) > MANY)
        if len(values):
            news.plot([np.median(values)] * 2, [place - 0.3, place + 0.3], c=ORANGE, lw=2.5)
    for axes in (shares, hits):
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(visible=False, axis="y")
    shares.set(xlim=(0, 1.25 * table["share"].max()), xlabel="share of what was validated\n(and how many)")
    hits.set(xlim=(0, 1.02), xlabel=f"feasible of these\n({SURE:.0%} interval)")
    news.set_xlabel("atoms exchanged against the nearest\nalloy known before, at.% (line: median)")
    news.set_xlim(left=0)
    news.grid(visible=False, axis="y")
    shares.set_yticks(places, [str(name) for name in table.index])
    shares.invert_yaxis()
    return figure


def _write(axes: Any, places: Any, ends: Any, texts: list[str]) -> None:
    for place, end, text in zip(places, ends, texts, strict=True):
        axes.annotate(text, (end, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)


def draw_interactive(data: GeneratorsData) -> go.Figure:
    """For the browser."""
    table, names = data.table, [str(name) for name in data.table.index]
    figure = make_subplots(1, 3, shared_yaxes=True, horizontal_spacing=0.04)
    told = [
        f"{n}: {v} validated, {f} feasible, {b} on the front"
        for n, v, f, b in zip(names, table["validated"], table["feasible"], table["front"], strict=True)
    ]
    bar = {"orientation": "h", "marker_color": BLUE, "hovertext": told, "hoverinfo": "text", "showlegend": False}
    figure.add_trace(go.Bar(x=table["share"], y=names, **bar), 1, 1)
    ends = {"type": "data", "array": table["high"] - table["hit_rate"], "arrayminus": table["hit_rate"] - table["low"]}
    figure.add_trace(go.Bar(x=table["hit_rate"], y=names, error_x=ends, **bar), 1, 2)
    for name, values in data.novelty.items():
        box = {"marker_color": GREY, "boxpoints": "all", "showlegend": False, "orientation": "h"}
        figure.add_trace(go.Box(x=values, y=[name] * len(values), name=name, **box), 1, 3)
    figure.update_xaxes(title_text="share of what was validated", tickformat=".0%", row=1, col=1)
    figure.update_xaxes(title_text="feasible of these", tickformat=".0%", range=[0, 1.02], row=1, col=2)
    figure.update_xaxes(title_text="atoms exchanged, at.%", rangemode="tozero", row=1, col=3)
    figure.update_yaxes(autorange="reversed")
    return in_browser(figure, height=60 * len(names) + 180)
