"""Which phases the best alloys have at each temperature, where CALPHAD is the validator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from alloys.errors import InputError
from alloys.space import Floats
from loop.config.schema import CampaignConfig, TierConfig, ValidatorConfig
from loop.review.figures.browser import in_browser
from loop.review.figures.results import best_rows
from loop.review.figures.style import GREY, below
from loop.review.figures.words import formula_html, formula_text
from loop.review.phases.curves import with_ends
from loop.review.phases.style import looks
from loop.review.phases.units import Degrees
from loop.view import View

_NAME = "calphad"
_COUNT = 4
_POINTS = 31
"""Even temperatures of a curve; those at which the phases change come in addition."""
_DEGREES = Degrees(celsius=True)


@dataclass(frozen=True)
class PhasesData:
    """The phases of the best alloys.

    Attributes:
        names: of the alloys, for paper.
        html: for the browser.
        curves: of each alloy, temperatures in °C and by phase the mole fraction, both ``(n,)``.
        ends: of each alloy, solidus and liquidus in °C by name.
    """

    names: tuple[str, ...]
    html: tuple[str, ...]
    curves: tuple[tuple[Floats, Mapping[str, Floats]], ...]
    ends: tuple[Mapping[str, float], ...]

    @property
    def phases(self) -> list[str]:
        """All phases, those that there is most of first."""
        most: dict[str, float] = {}
        for _, fractions in self.curves:
            for name, values in fractions.items():
                most[name] = max(most.get(name, 0.0), float(np.nanmax(values)))
        return sorted(most, key=lambda name: -most[name])


def prepare(view: View, count: int = _COUNT) -> PhasesData:
    """Equilibria of the best alloys, computed now: a second or so for each.

    Raises:
        InputError: if no validator is CALPHAD, or no alloy is feasible.
    """
    settings = calphad_settings(view.config)
    rows = best_rows(view, count)
    if not rows:
        raise InputError(f"campaign {view.config.name!r} has no feasible alloy yet whose phases could be shown")
    from validation.calphad.diagrams.fractions import phase_fractions  # late: with pycalphad
    from validation.calphad.diagrams.opening import Opened
    from validation.calphad.errors import CalphadError

    tdb, designs, found = settings.get("tdb"), [], []
    opened = Opened(None if tdb is None else _database(tdb), settings.get("exclude", ()), settings.get("phases"))
    for row in rows:
        alloy = opened.engine.alloy(row.design.composition.fractions())
        try:
            found.append(phase_fractions(alloy, *opened.range_of([alloy], None, None), points=_POINTS))
        except CalphadError:
            continue
        designs.append(row.design)
    if not found:
        raise InputError("no equilibrium was found for the best alloys")
    return PhasesData(
        tuple(map(formula_text, designs)),
        tuple(map(formula_html, designs)),
        tuple((np.asarray(_DEGREES.of(one.kelvin)), one.fractions) for one in found),
        tuple({name: float(_DEGREES.of(value)) for name, value in one.ends.items()} for one in found),
    )


def calphad_settings(config: CampaignConfig) -> Mapping[str, Any]:
    """The settings of a campaign's validator by CALPHAD.

    Raises:
        InputError: if it has none.
    """
    listed: Sequence[TierConfig | ValidatorConfig] = config.validators or [config.validator]
    entries = [entry for entry in listed if entry.name == _NAME]
    if not entries:
        raise InputError(f"phases are known where the validator is {_NAME!r}; campaign {config.name!r} has another")
    return dict(entries[-1].settings)


def _database(setting: Any) -> Path:
    """The path of a database: a setting may be the path, or a ``file`` with samples of its parameters."""
    return Path(setting["file"] if isinstance(setting, Mapping) else setting)


def draw(data: PhasesData) -> Figure:
    """For paper."""
    count = len(data.names)
    columns = min(count, 2)
    lines = -(-count // columns)
    figure = Figure(figsize=(4.1 * columns + 0.3, 2.9 * lines + 0.6), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    styles = {name: looks(index) for index, name in enumerate(data.phases)}
    handles: dict[str, Any] = {}
    for axes, name, (celsius, fractions), ends in zip(panels, data.names, data.curves, data.ends, strict=False):
        for place, phase in enumerate(styles):
            if phase in fractions:
                marks = {"markevery": (2 * place % 9, 9), "ms": 4, "lw": 1.6}
                (handles[phase],) = axes.plot(celsius, with_ends(fractions[phase]), **marks, **styles[phase])
        for value in ends.values():
            axes.axvline(value, color=GREY, lw=0.9, ls=(0, (1, 2)), zorder=0)
        told = ", ".join(f"{word} {value:.0f} °C" for word, value in ends.items())
        axes.set_title(f"{name}\n{told}", fontsize=8.5, loc="left")
        axes.set(ylim=(-0.03, 1.05), xlabel=f"temperature, {_DEGREES.unit}")
    for axes in panels[::columns]:
        axes.set_ylabel("mole fraction of the phase")
    for axes in panels[count:]:
        axes.set_visible(False)
    below(figure, [handles[p] for p in styles if p in handles], [p for p in styles if p in handles], columns=5)
    return figure


def draw_interactive(data: PhasesData) -> go.Figure:
    """For the browser."""
    count = len(data.html)
    columns = min(count, 2)
    figure = make_subplots(-(-count // columns), columns, subplot_titles=data.html, vertical_spacing=0.16)
    seen: set[str] = set()
    for place, (celsius, fractions) in enumerate(data.curves):
        for index, phase in enumerate(data.phases):
            if phase in fractions:
                line = {"x": celsius, "y": fractions[phase], "name": phase, "legendgroup": phase, "mode": "lines"}
                line |= {"showlegend": phase not in seen, "line": {"color": looks(index)["color"]}}
                figure.add_trace(go.Scatter(**line), place // columns + 1, place % columns + 1)
                seen.add(phase)
    figure.update_xaxes(title_text=f"temperature, {_DEGREES.unit}")
    figure.update_yaxes(title_text="mole fraction", range=[-0.03, 1.05])
    return in_browser(figure, height=330 * (-(-count // columns)) + 80).update_layout(margin={"t": 50})
