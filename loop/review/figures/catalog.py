"""Every picture of a campaign by name, drawn on demand.

    from loop.review.figures.catalog import figures

    for name, picture in figures(view, store).items():   # those that there is something to show in
        picture.title                                    # a line for people
        picture.data                                     # what is drawn, as plain tables
        picture.content(".png")                          # bytes; also ".svg", ".pdf", and ".html" with plotly inside
        picture.html(plotlyjs="cdn")                     # or a page that loads plotly, or False for a part of a page

`figures` never raises: a picture that cannot be prepared is left out, with a warning unless there is just nothing to
show yet. `Picture.try_content` does the same for drawing. The phases of the best alloys are computed anew, seconds for
each, and only where ``names`` asks for them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matplotlib.figure import Figure

from alloys.errors import InputError
from loop.execute.spans import Span, shares_in, summary, timeline
from loop.review.figures import (
    composition_map,
    compositions,
    front,
    generators,
    history,
    parallel,
    parity,
    phases,
)
from loop.review.figures import timeline as timelines
from loop.review.figures.results import Results, results_of
from loop.review.figures.style import inline, own_style, tried, written
from loop.store import CampaignStore
from loop.view import View

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureRequest:
    """What a picture is of: a campaign, as it stood after an iteration, and a campaign at random beside it."""

    view: View
    store: CampaignStore
    upto: int | None = None
    beside: View | None = None

    @cached_property
    def results(self) -> Results:
        """Its results, read once for all pictures."""
        return results_of(self.view, self.upto)


@dataclass(frozen=True, slots=True)
class PictureKind:
    """How a picture is made: its title, its data, and both ways to draw these."""

    title: str
    prepare: Callable[[PictureRequest], Any]
    draw: Callable[[Any], Figure]
    interactive: Callable[[Any], Any]
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a campaign whose data are ready."""

    name: str
    title: str
    data: Any
    kind: PictureKind

    def content(self, suffix: str) -> bytes:
        """It as the content of a ``.png``, ``.svg``, ``.pdf`` or ``.html`` file."""
        if suffix == ".html":
            return self.html().encode()
        with own_style():
            return written(self.kind.draw(self.data), suffix)

    def inline(self) -> str:
        """It as SVG to stand in a page, on any background, in the page's colour of text."""
        with own_style():
            return inline(self.kind.draw(self.data), self.name)

    def html(self, plotlyjs: bool | str = True) -> str:
        """It for the browser, with what is told under the pointer.

        Args:
            plotlyjs: as plotly takes it: True puts its 4.8 MB inside, ``"cdn"`` loads it, False leaves it out and gives
                a part of a page.
        """
        figure = self.kind.interactive(self.data).update_layout(title={"text": self.title, "font": {"size": 15}})
        figure.update_layout(margin={"t": 60 + figure.layout.margin.t})
        whole: str = figure.to_html(
            full_html=plotlyjs is not False, include_plotlyjs=plotlyjs, div_id=f"alloyloop-{self.name}",
            config={"displaylogo": False, "responsive": True},
        )  # fmt: skip
        return whole

    def try_content(self, suffix: str) -> bytes | None:
        """The same as `content`; None, with a warning, where drawing fails: no picture ends a campaign."""
        return tried(lambda: self.content(suffix), self.name)

    def try_part(self) -> str | None:
        """The same as a part of a page that has plotly; None, with a warning, where drawing fails."""
        return tried(lambda: self.html(plotlyjs=False), self.name)


def _timeline(asked: PictureRequest) -> timelines.TimelineData:
    if asked.upto is None:
        return timelines.prepare(timeline(asked.store), summary(asked.store))
    notes = asked.store.iteration(asked.upto).notes
    return timelines.prepare([Span(*entry) for entry in notes.timeline], shares_in(notes))


SUFFIXES = (".png", ".svg", ".pdf", ".html")
"""Of the files that a picture can be written to."""

KINDS: Mapping[str, PictureKind] = {
    "front": PictureKind(
        "Measured alloys over the objectives",
        lambda a: front.prepare(a.results), front.draw, front.draw_interactive,
    ),
    "compositions": PictureKind(
        "What the best alloys are made of",
        lambda a: compositions.prepare(a.view, a.upto), compositions.draw, compositions.draw_interactive,
    ),
    "map": PictureKind(
        "Where in the composition space was searched",
        lambda a: composition_map.prepare(a.results), composition_map.draw, composition_map.draw_interactive,
    ),
    "parallel": PictureKind(
        "Amounts and properties of every alloy",
        lambda a: parallel.prepare(a.results), parallel.draw, parallel.draw_interactive,
    ),
    "parity": PictureKind(
        "Predicted before against measured after",
        lambda a: parity.prepare(a.results), parity.draw, parity.draw_interactive,
    ),
    "history": PictureKind(
        "How the search went",
        lambda a: history.prepare(a.view, a.store, a.upto, a.beside), history.draw, history.draw_interactive,
    ),
    "generators": PictureKind(
        "Who proposed what, and how good it was",
        lambda a: generators.prepare(a.results, a.store), generators.draw, generators.draw_interactive,
    ),
    "phases": PictureKind(
        "Phases of the best alloys in equilibrium",
        lambda a: phases.prepare(a.view), phases.draw, phases.draw_interactive, slow=True,
    ),
    "timeline": PictureKind("What ran when", _timeline, timelines.draw, timelines.draw_interactive),
}  # fmt: skip
"""By name: every picture of a campaign."""


def picture_of(name: str, asked: PictureRequest) -> Picture:
    """One picture.

    Raises:
        InputError: if there is none of that name, or nothing to show in it yet.
    """
    if name not in KINDS:
        raise InputError(f"there is no picture {name!r}; there are {', '.join(KINDS)}")
    kind = KINDS[name]
    return Picture(
        name, f"{asked.view.config.name}: {kind.title[0].lower()}{kind.title[1:]}", kind.prepare(asked), kind
    )


def figures(
    view: View,
    store: CampaignStore,
    *,
    names: Collection[str] | None = None,
    upto: int | None = None,
    beside: View | None = None,
) -> dict[str, Picture]:
    """The pictures of a campaign in which there is something to show, by name.

    Args:
        view: the campaign.
        store: its database.
        names: which; all but slow ones if None.
        upto: as it stood after this iteration; as it stands if None.
        beside: a campaign at random, for the history.
    """
    found, asked = {}, PictureRequest(view, store, upto, beside)
    for name in names if names is not None else [name for name, kind in KINDS.items() if not kind.slow]:
        try:
            found[name] = picture_of(name, asked)
        except InputError as error:
            log.info("no picture %r: %s", name, error)
        except Exception as error:  # whatever a library raises: no picture ends a campaign
            log.warning("picture %r cannot be made, and is left out: %s: %s", name, type(error).__name__, error)
    return found
