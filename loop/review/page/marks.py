"""How numbers get onto the page: each through one of these functions, which says where it comes from.

A number is ``<data value="2276.45" data-from="measured|Nb:1/2,Ta:1/2|solidus">2276</data>``: the exact value, and its
source as a kind and what it is of. A test reads every one of them back and holds it against the database. It also finds
that no digit stands outside of them but in formulas, names, commands and the configuration, which it checks too.
"""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup, escape

from alloys.design import Design
from alloys.properties import Property
from loop.review.figures.words import formula_html, number, spread, title, unit


def data(value: float, text: str, *source: object) -> Markup:
    """A number as it is written, with its exact value and its source."""
    where = "|".join(map(str, source))
    return Markup('<data value="{}" data-from="{}">{}</data>').format(repr(value), where, text)


def count(value: int, *source: object) -> Markup:
    """A whole number, thousands apart: 12 345."""
    return data(value, f"{value:,}".replace(",", "\u202f"), *source)


def real(value: float, *source: object, digits: int = 4) -> Markup:
    """A number in so many digits."""
    return data(value, number(value, digits), *source)


def percent(value: float, *source: object) -> Markup:
    """A share as a percentage."""
    return data(value, f"{100 * value:.0f} %" if value in (0, 1) else f"{100 * value:.2g} %", *source)


def with_spread(value: float, std: float | None, source: tuple[object, ...], std_source: tuple[object, ...]) -> Markup:
    """A value and its standard deviation, rounded to the same place: 267.8 ± 5.5."""
    told, _, doubt = spread(value, std).partition(" ± ")
    first = data(value, told, *source)
    return first if std is None or not doubt else first + Markup(" ± ") + data(std, doubt, *std_source)


def moment(at: float, *source: object) -> Markup:
    """A time, in UTC to the minute."""
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-from="{}">{}</time>').format(repr(at), "|".join(map(str, source)), text)


def alloy(design: Design) -> Markup:
    """A design's formula with subscripts; the exact one stands in its attribute."""
    return Markup('<span class="formula" data-design="{}">{}</span>').format(
        design.canonical(),
        Markup(formula_html(design)),  # noqa: S704 -- escaped there
    )


def named(row: Property) -> Markup:
    """A property's name as people write it."""
    return Markup('<span class="property" data-property="{}">{}</span>').format(
        row.name, title(row).replace(" °", "\u00a0°")
    )


def unit_of(row: Property) -> Markup:
    """A property's unit, with a space before it; nothing for a plain number."""
    text = unit(row.unit)
    return Markup('\u00a0<span class="unit">{}</span>').format(text) if text else Markup("")


def code(text: str) -> Markup:
    """A command, a digest, or a word of the configuration."""
    return Markup("<code>{}</code>").format(text)


def words(text: str) -> Markup:
    """What a program or a person wrote, as it is: a reason, a message."""
    return Markup("<q>{}</q>").format(text)


def joined(parts: list[Markup], between: str = ", ") -> Markup:
    """Parts behind each other."""
    return escape(between).join(parts)
