"""Pictures that stand in a page."""

from __future__ import annotations

import re

import pytest
from matplotlib.figure import Figure

from loop.review.figures.style import below, inline, own_style, written


def _drawn(layout: str) -> Figure:
    """A picture with a legend below it, and a label that reaches beyond its edge."""
    figure = Figure(figsize=(4, 3), layout=layout)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1e6], label="rising")
    left.set(xlabel="a long label of this axis", ylabel="another")
    right.text(1.3, 0.5, "beside the axes", transform=right.transAxes)
    below(figure, *left.get_legend_handles_labels())
    return figure


@pytest.mark.parametrize("layout", ["constrained", "none"])
def test_a_picture_in_a_page_covers_what_it_covers_as_a_file(layout: str) -> None:
    with own_style():
        in_page, as_file = inline(_drawn(layout), "name"), written(_drawn(layout), ".svg").decode()
    edges = [re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0] for text in (in_page, as_file)]
    assert [float(edge) for edge in edges[0]] == pytest.approx([float(edge) for edge in edges[1]], abs=0.01)
    words = [re.findall(r'<text [^>]*transform="([^"]*)"[^>]*>beside the axes', text) for text in (in_page, as_file)]
    assert words[0] == words[1] != []
