"""Papers done again, on one page of HTML: pictures inside, no network, no script."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from alloys.files import packaged_text
from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from loop.review.figures.style import inline, own_style
from loop.review.figures.words import number
from loop.review.papers.drawing import debnath as debnath_drawing
from loop.review.papers.drawing import tung as tung_drawing
from loop.review.papers.kept import PageTable, Reproduction
from loop.review.papers.saying import debnath as debnath_saying
from loop.review.papers.saying import tung as tung_saying
from loop.review.papers.saying.standing import measures, standings
from loop.review.papers.words import words_of

ALLOYS_ALONE = ("data", "plane")
"""Figures that show no model."""

WIDE = 8.0
"""Inches from which a picture has a line of its own."""

_DECIMALS = re.compile(r"(\d+\.\d)\d+")
_PATHS = re.compile(r' d="[^"]*"')
_REMARKS = re.compile(r"<!--.*?-->", re.DOTALL)
_NAMES = re.compile(r' id="([^"]*)"')
_LOOKED_FOR = re.compile(r'(?:xlink:href="#|url\(#)([^")]*)')
_BETWEEN = re.compile(r">\s+<")
_STYLES = re.compile(r' style="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a figure.

    Attributes:
        who: whose samples it shows, empty where it shows the data.
        svg: as it stands in the page.
        alt: for people who do not see it.
        wide: whether it needs the page's whole width.
    """

    who: str
    svg: Markup
    alt: str
    wide: bool


Draw = Callable[[Any, Any], Figure]
"""A picture of some models and of everything."""


def _tung_pictures(shown: TungPictures) -> dict[str, list[tuple[Sequence[Any], Draw]]]:
    """By figure, which models share a picture, and what draws it."""
    parts = _apart(shown.models)
    draw = tung_drawing
    return {
        "latents": [(_having(shown.models, "latents"), lambda models, _: draw.latents(models))],
        "data": [([], lambda _, everything: draw.data(everything))],
        "parity": [(part, draw.parity) for part in parts],
        "domain": [([model], lambda models, everything: draw.domain(models[0], everything)) for model in shown.models],
        "curves": [(shown.models, draw.curves)],
        "bars": [(part, draw.bars) for part in parts],
        "paths": [(_having(shown.models, "paths"), draw.paths)],
        "novelty": [(shown.models, lambda models, _: draw.novelty(models))],
    }


def _debnath_pictures(shown: DebnathPictures) -> dict[str, list[tuple[Sequence[Any], Draw]]]:
    parts = _apart(shown.models)
    draw = debnath_drawing

    def each(one: Callable[[Any, Any], Figure]) -> list[tuple[Sequence[Any], Draw]]:
        return [([model], lambda models, everything: one(models[0], everything)) for model in shown.models]

    return {
        "ensembles": each(draw.ensembles),
        "parity": [(part, draw.parity) for part in parts],
        "moduli": each(draw.moduli),
        "means": each(draw.means),
        "plane": [([], lambda _, everything: draw.plane(everything))],
        "corners": each(draw.corners),
    }


def _apart(models: Sequence[Any]) -> list[list[Any]]:
    """The paper's architectures and the project's families, those that there are."""
    both = [[model for model in models if model.published is published] for published in (True, False)]
    return [part for part in both if part]


def _having(models: Sequence[Any], what: str) -> list[Any]:
    return [model for model in models if getattr(model, what)]


def papers_page(done: Sequence[Reproduction]) -> str:
    """One page of one or several papers."""
    page = _template().render(
        style=Markup(packaged_text("loop.review.page", "page.css") + packaged_text("loop.review.papers", "papers.css")),  # noqa: S704 -- files of the program
        papers=[_paper(one) for one in done],
    )
    return with_classes(page)


def _paper(done: Reproduction) -> dict[str, Any]:
    words, pictures = words_of(done.paper), done.pictures
    said: Mapping[str, Any] = tung_saying.SAID if isinstance(pictures, TungPictures) else debnath_saying.SAID
    planned = _tung_pictures(pictures) if isinstance(pictures, TungPictures) else _debnath_pictures(pictures)
    published = [model.name for model in pictures.models if model.published]
    measured = measures(pictures)
    figures = []
    for name, about in words.figures.items():
        panels = [
            _panel(f"{done.paper}-{name}-{k}", about.title, models, draw, pictures)
            for k, (models, draw) in enumerate(planned[name])
            if models or (name in ALLOYS_ALONE and pictures.models)
        ]
        if panels:
            figures.append(
                {"id": f"{done.paper}-{name}", "words": about, "said": said[name](pictures, words), "panels": panels}
            )
    return {
        "key": done.paper,
        "words": words,
        "seeds": _seeds(done.seeds, published),
        "source": pictures.source,
        "alloys": len(pictures.values),
        "published": published,
        "others": [model.name for model in pictures.models if not model.published],
        "tables": [*done.tables, _standing_table(measured, published)] if measured[0].values else done.tables,
        "standings": standings(measured, published) if measured[0].values else [],
        "figures": figures,
    }


def _seeds(seeds: Mapping[str, int], published: Sequence[str]) -> str:
    """How many training seeds the paper's architectures and the project's families have."""
    parts = {"each of the paper's": [seeds[name] for name in published]}
    parts["each of the project's"] = [count for name, count in seeds.items() if name not in published]
    return ", ".join(f"{' or '.join(map(str, sorted(set(some))))} of {who}" for who, some in parts.items() if some)


def _standing_table(measured: Sequence[Any], published: Sequence[str]) -> PageTable:
    names = list(measured[0].values)
    rows = [[name, *(number(one.values[name], 4) for one in measured)] for name in names]
    return PageTable(
        "All models by what the pictures measure, less is better", ["model", *(one.name for one in measured)], rows,
        "From the pictures' own samples, of the first training seed.",
    )  # fmt: skip


def _panel(name: str, title: str, models: Sequence[Any], draw: Draw, everything: Any) -> Panel:
    who = ", ".join(model.name for model in models)
    with own_style():
        figure = draw(models, everything)
        svg = inline(figure, name)
    alt = f"{title}{f': {who}' if who else ''}. Its numbers stand in the text above it."
    drawn = Markup(compact(svg))  # noqa: S704 -- matplotlib escapes what people wrote
    return Panel(who, drawn, alt, wide=float(figure.get_size_inches()[0]) >= WIDE)


def compact(svg: str) -> str:
    """A drawing whose lines are given to a tenth of a point, without remarks and names that nobody looks for.

    It is half as large, and the same to the eye.
    """
    named = set(_LOOKED_FOR.findall(svg))
    svg = _PATHS.sub(lambda found: _DECIMALS.sub(r"\1", found[0]).replace("\n", ""), _REMARKS.sub("", svg))
    svg = _NAMES.sub(lambda found: found[0] if found[1] in named else "", svg)
    return _BETWEEN.sub(">\n<", svg)


def with_classes(page: str) -> str:
    """A page whose drawings' styles, which repeat, stand once each in its own style sheet."""
    classes: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f' class="{classes.setdefault(found[1], f"m{len(classes)}")}"'

    body = _STYLES.sub(named, page)
    sheet = "\n".join(f".{name} {{ {style} }}" for style, name in classes.items())
    return body.replace("</style>", f"{sheet}\n</style>", 1)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.BaseLoader())
    return environment.from_string(packaged_text("loop.review.papers", "papers.html.jinja"))
