"""The pictures of a campaign on one page that needs no network: plotly stands in it once."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from plotly.offline import get_plotlyjs

from loop.review.figures.catalog import Picture

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 "DejaVu Sans", Verdana, Arial, sans-serif; max-width: 1100px; margin: 0 auto; padding: 1rem;
  background: white; color: #222 }}
section {{ margin-bottom: 2rem }}
nav a {{ margin-right: 1rem }}
</style><script>{script}</script></head><body><h1>{title}</h1><nav>{links}</nav>
"""


def page(name: str, pictures: Mapping[str, Picture]) -> str:
    """One HTML page with every picture, 4.8 MB of it plotly.

    Args:
        name: of the campaign.
        pictures: by name, in their order.
    """
    links = " ".join(f'<a href="#{key}">{escape(key)}</a>' for key in pictures)
    parts = [_HEAD.format(title=escape(name), script=get_plotlyjs(), links=links)]
    for key, picture in pictures.items():
        drawn = picture.try_part()
        if drawn is not None:
            parts.append(f'<section id="{key}">{drawn}</section>\n')
    return "".join([*parts, "</body></html>\n"])
