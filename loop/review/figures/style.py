"""How pictures look: one palette that colour-blind people can read, one set of settings, whatever matplotlibrc says."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.transforms import Bbox

log = logging.getLogger(__name__)

Drawn = TypeVar("Drawn", bytes, str)

BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
"""Okabe and Ito's (https://jfly.uni-koeln.de/color)."""
GREY = "#8C8C8C"
"""Of what stands in the background; read on white and on black."""
INK = "#010203"
"""Of text and axes; where a picture stands in a page, this is the page's own colour of text."""
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
ELEMENTS = (
    ORANGE, SKY, GREEN, "#F0E442", BLUE, VERMILION, PURPLE, "#999999", "#882255", "#44AA99", "#332288", "#999933",
)  # fmt: skip
"""Okabe and Ito's, and behind them four of Paul Tol's (https://sronpersonalpages.nl/~pault)."""
TIME = LinearSegmentedColormap.from_list("time", [BLUE, SKY, "#CBB26A", ORANGE, VERMILION])
"""From early to late, or from low to high; no end of it is lost on white or on black."""
HATCHES = ("", "//", "..", "xx")
"""Of elements beyond the colours: the first ones again, hatched."""

MANY = 300
"""Marks from which a picture in lines (SVG, PDF) holds them as an image."""
_SVG_DPI = 72
"""Units of an SVG picture in an inch."""
MIME = {".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf", ".html": "text/html"}

_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "alloyloop",
    "text.parse_math": True,
    **{key: INK for key in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")},
    "patch.edgecolor": INK,
    "hatch.color": INK,
    "hatch.linewidth": 0.6,
}


@contextmanager
def own_style() -> Iterator[None]:
    """Matplotlib's defaults with the settings of these pictures, so that a user's matplotlibrc changes nothing."""
    with context(["default", _RC]):
        yield


def tried(draw: Callable[[], Drawn], name: str) -> Drawn | None:
    """What draws a picture gives; None, with a warning, where it fails: no picture ends anything else."""
    try:
        return draw()
    except Exception as error:  # whatever a library raises
        log.warning("picture %r cannot be drawn, and is left out: %s: %s", name, type(error).__name__, error)
        return None


def element_colours(elements: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and hatch of each element of a campaign, the same in all of its pictures."""
    count = len(ELEMENTS)
    return {s: (ELEMENTS[i % count], HATCHES[i // count % len(HATCHES)]) for i, s in enumerate(elements)}


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour (relative luminance of WCAG 2.2)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(colour)]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return "black" if luminance > 0.179 else "white"


def below(figure: Figure, handles: Sequence[Any], labels: Sequence[str], columns: int = 4) -> None:
    """A legend below all panels, where it covers nothing."""
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(handles)))


def written(figure: Figure, suffix: str) -> bytes:
    """A picture as the content of a ``.png``, ``.svg`` or ``.pdf`` file; the same data give the same bytes."""
    dated: dict[str, dict[str, Any]] = {
        ".png": {"Software": "alloyloop"},
        ".svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
        ".pdf": {"CreationDate": None},
    }
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix[1:], dpi=150, bbox_inches="tight", metadata=dated[suffix])
    return stream.getvalue()


def _laid_out(figure: Figure) -> Bbox:
    """Gives the parts of a picture their places; what it covers, inches, with a margin.

    That is what ``bbox_inches="tight"`` does, without drawing all of the picture once more for it.
    """
    FigureCanvasSVG(figure)
    figure.set_dpi(_SVG_DPI)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
    width, height = _SVG_DPI * figure.get_size_inches()
    tight = figure.get_tightbbox(RendererSVG(width, height, io.StringIO()))
    return tight.padded(mpl.rcParams["savefig.pad_inches"])


def inline(figure: Figure, name: str) -> str:
    """A picture to stand in a page: no background, text in the page's own colour, identifiers of its own.

    Args:
        figure: the picture.
        name: it begins the identifiers of its parts, so that two pictures of one page do not mix them up.
    """
    stream = io.StringIO()
    dated = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(stream, format="svg", bbox_inches=_laid_out(figure), transparent=True, metadata=dated, dpi=110)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", text)
    return text.replace(INK, "currentColor")
