"""The table of `benchmarks.coverage`, of predictions whose figures can be worked out by hand."""

from __future__ import annotations

import re

from benchmarks.coverage import Found, Told, line, report


def _campaign() -> Found:
    """Ten alloys: nine of ten solidus inside the interval, phase fractions of 1 but for one that is missed."""
    solidus = [Told("solidus", 1 + i // 5, 2000.0, 10.0, 2000.0 + (30.0 if i == 9 else 5.0)) for i in range(10)]
    share = [Told("bcc_fraction_1200c", 1 + i // 5, 0.99, 0.02, 0.5 if i == 0 else 1.0) for i in range(10)]
    scores = [{"solidus": {"coverage": 0.8 + 0.2 * k, "nll": 4.0, "sharpness": 12.0}} for k in range(2)]
    return Found((*solidus, *share), tuple(scores))


def _cells(lines: list[str], label: str) -> list[str]:
    (found,) = [text for text in lines if text.strip().startswith(label)]
    return re.split(r"\s{2,}|\s", found.strip().removeprefix(label).strip())


def test_each_property_and_all_together_are_counted() -> None:
    lines = list(report([_campaign()]))
    assert _cells(lines, "solidus")[:4] == ["10", "90.0%", "consistent", "1.06"]
    assert _cells(lines, "solidus")[-4:] == ["|", "90.0%", "4.00", "12"]
    assert _cells(lines, "bcc_fraction_1200c")[:2] == ["10", "90.0%"]
    assert _cells(lines, "of it, below 1 (10%)")[:2] == ["1", "0.0%"]
    assert _cells(lines, "together, without phase fractions")[:2] == ["10", "90.0%"]
    assert next(text for text in lines if text.startswith("together  ")).split()[1:3] == ["20", "90.0%"]
    assert [text.split()[:3] for text in lines[-2:]] == [["1", "5", "100.0%"], ["2", "5", "80.0%"]]


def test_several_campaigns_are_pooled() -> None:
    lines = list(report([_campaign(), _campaign()]))
    assert _cells(lines, "solidus")[:2] == ["20", "90.0%"]


def test_a_line_of_several_units_has_no_widths() -> None:
    told = _campaign().told
    assert len(line("x", told, own_unit=False).split()) + 3 == len(line("x", told).split())
