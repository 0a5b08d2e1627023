"""The page as one text: pictures inside, no network, no script."""

from __future__ import annotations

import logging
from functools import cache

import jinja2
from markupsafe import Markup

from alloys.files import packaged_text
from loop.review.figures.catalog import KINDS, Picture, figures
from loop.review.page.about import Reported
from loop.review.page.ahead import failures, following, pending, reproduced
from loop.review.page.course import searched, trusted
from loop.review.page.goal import asked, found, headline
from loop.store import CampaignStore
from loop.view import View

log = logging.getLogger(__name__)

SECTIONS = (
    ("asked", "What was asked"),
    ("found", "What was found"),
    ("front", "The front"),
    ("search", "How the search went"),
    ("trust", "How far the models can be trusted"),
    ("pending", "What is pending"),
    ("failed", "What failed, and why"),
    ("next", "What the loop would do next"),
    ("again", "How to have the same again"),
)
_PICTURES = ("front", "map", "compositions", "history", "generators", "parity", "phases")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.BaseLoader())
    return environment.from_string(packaged_text("loop.review.page", "page.html.jinja"))


def report_page(view: View, store: CampaignStore, *, beside: View | None = None, quick: bool = False) -> str:
    """The report of a campaign as HTML.

    Args:
        view: what is known.
        store: its database.
        beside: a campaign at random, for the history.
        quick: without pictures that are computed anew.
    """
    names = [name for name in _PICTURES if not (quick and KINDS[name].slow)]
    pictures = figures(view, store, names=names, beside=beside)
    about = Reported(view, store, pictures, beside)
    drawn = {name: svg for name, picture in pictures.items() if (svg := _drawn(picture))}
    return _template().render(
        name=view.config.name,
        state=about.state,
        sections=SECTIONS,
        style=Markup(packaged_text("loop.review.page", "page.css")),  # noqa: S704 -- a file of the program
        drawings={name: {"title": pictures[name].title, "svg": svg} for name, svg in drawn.items()},
        headline=headline(about),
        asked=asked(about),
        found=found(about),
        searched=searched(about),
        trusted=trusted(about),
        pending=pending(about),
        failures=failures(about),
        following=following(about),
        reproduced=reproduced(about),
    )


def _drawn(picture: Picture) -> Markup | None:
    """A picture as SVG; matplotlib escapes what people wrote."""
    try:
        return Markup(picture.inline())  # noqa: S704
    except Exception as error:  # whatever a library raises: the page goes on without it
        log.warning("picture %r cannot be drawn, and is left out: %s: %s", picture.name, type(error).__name__, error)
        return None
