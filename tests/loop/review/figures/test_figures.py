"""Pictures of a campaign: what is on them, that they say it as people do, and that nothing about them ends a run."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from alloys.design import Design
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.properties import PROPERTIES
from loop.campaign import Campaign
from loop.config.schema import ValidatorConfig
from loop.review.figures.catalog import KINDS, Picture, PictureRequest, figures, picture_of
from loop.review.figures.results import best_rows, hover_texts, results_of, thinned
from loop.review.figures.style import element_colours, ink_on
from loop.review.figures.words import formula_html, formula_text, label, number, spread
from loop.view import View
from tests.loop.review.conftest import DUCTILITY, STRENGTH

QUICK = [name for name, kind in KINDS.items() if not kind.slow]


def _with_goal(view: View, *objectives: str) -> View:
    goal = Goal.parse(objectives, view.config.constraints, view.problem.properties)
    return replace(view, problem=replace(view.problem, goal=goal))


def _figure(name: str, campaign: Campaign, view: View | None = None) -> Any:
    picture = picture_of(name, PictureRequest(view or campaign.view(), campaign.store))
    return picture.kind.draw(picture.data)


def _said(figure: Any) -> list[tuple[str, str]]:
    return [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes if axes.get_visible() and axes.get_xlabel()]


def test_every_picture_is_drawn_for_paper_and_for_the_browser(answered: Campaign) -> None:
    found = figures(answered.view(), answered.store)
    assert list(found) == QUICK
    for name, picture in found.items():
        image = plt.imread(io.BytesIO(picture.content(".png")))
        assert image.shape[0] > 150, name
        page = picture.html(plotlyjs=False)
        assert "<html" not in page
        assert f"alloyloop-{name}" in page
    assert picture.content(".pdf").startswith(b"%PDF")
    assert b"<svg" in picture.content(".svg")


def test_the_same_data_give_the_same_file(answered: Campaign) -> None:
    for name in ("front", "compositions"):
        picture = picture_of(name, PictureRequest(answered.view(), answered.store))
        for suffix in (".png", ".svg", ".pdf"):
            assert picture.content(suffix) == picture.content(suffix), (name, suffix)


def test_settings_of_the_user_change_nothing(answered: Campaign) -> None:
    picture = picture_of("front", PictureRequest(answered.view(), answered.store))
    plain = picture.content(".png")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True, "savefig.dpi": 20}):
        assert picture.content(".png") == plain


def test_no_legend_lies_on_the_data(answered: Campaign) -> None:
    for name, picture in figures(answered.view(), answered.store).items():
        figure = picture.kind.draw(picture.data)
        assert all(axes.get_legend() is None for axes in figure.axes), name


def test_a_picture_that_fails_is_a_warning(answered: Campaign, caplog: pytest.LogCaptureFixture) -> None:
    broken = Picture("front", "broken", None, KINDS["front"])
    with caplog.at_level(logging.WARNING):
        assert broken.try_content(".png") is None
        nothing = replace(answered.view(), problem=None)  # type: ignore[arg-type]
        assert figures(nothing, answered.store, names=["front"]) == {}
    assert [record.message.partition(",")[0] for record in caplog.records] == [
        "picture 'front' cannot be drawn",
        "picture 'front' cannot be made",
    ]


def test_two_objectives_span_a_plane_with_the_front_as_a_line(answered: Campaign) -> None:
    view = answered.view()
    figure = _figure("front", answered)
    assert _said(figure) == [("Specific yield strength at 1300 °C, MPa·cm³/g", "Ductility index D = γs/γus")]
    (line,) = figure.axes[0].lines
    good = [(row.values[STRENGTH], row.values[DUCTILITY]) for row in view.rows if row.feasible]
    front = {p for p in good if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in good)}
    assert {(float(x), float(y)) for x, y in line.get_xydata()} == front


def test_three_objectives_have_a_panel_for_each_pair_and_one_front(answered: Campaign) -> None:
    three = _with_goal(answered.view(), f"maximize {STRENGTH}", f"maximize {DUCTILITY}", "minimize density")
    figure = _figure("front", answered, three)
    assert len(_said(figure)) == 3
    assert {text for pair in _said(figure) for text in pair} == {
        "Specific yield strength at 1300 °C, MPa·cm³/g",
        "Ductility index D = γs/γus",
        "Density, g/cm³",
    }
    points = [np.array(three.goal.signed_objectives(row.values)) for row in three.rows if row.feasible]
    front = [p for p in points if not any((q >= p).all() and (q > p).any() for q in points)]
    for axes in figure.axes[:3]:
        (ringed,) = [group for group in axes.collections if group.get_label() == "front of all objectives"]
        assert len(ringed.get_offsets()) == len(front) > 0


def test_one_objective_is_drawn_over_the_results_with_the_best_so_far(answered: Campaign) -> None:
    figure = _figure("front", answered, _with_goal(answered.view(), f"maximize {STRENGTH}"))
    axes = figure.axes[0]
    assert axes.get_xlabel() == "results, in the order in which they came"
    known = [row for row in answered.view().rows if STRENGTH in row.values]
    values = [row.values[STRENGTH] if row.feasible else -np.inf for row in known]
    best = [value for value in np.maximum.accumulate(values) if np.isfinite(value)]
    (line,) = [line for line in axes.lines if line.get_label() == "best so far"]
    assert list(line.get_ydata()) == best


def test_elements_have_the_same_colours_everywhere(answered: Campaign) -> None:
    colours = element_colours(answered.view().space.elements)
    shown: dict[str, set[str]] = {}
    bars = _figure("compositions", answered).axes[0]
    for group in bars.containers:
        shown.setdefault(group.get_label(), set()).add(to_hex(group.patches[0].get_facecolor()).upper())
    for text in _figure("map", answered).axes[0].texts:
        shown.setdefault(text.get_text(), set()).add(to_hex(text.get_bbox_patch().get_facecolor()).upper())
    assert shown == {symbol: {colour.upper()} for symbol, (colour, _) in colours.items()}
    assert len({colour for colour, _ in colours.values()}) == len(colours)


def test_thirty_elements_are_told_apart_by_colour_and_hatch() -> None:
    assert len(set(element_colours([f"E{i}" for i in range(30)]).values())) == 30


def test_an_alloy_of_the_map_is_the_mean_of_its_corners(answered: Campaign) -> None:
    data = picture_of("map", PictureRequest(answered.view(), answered.store)).data
    for row in data.frame.to_dict("records"):
        shares = row["design"].composition.fractions()
        for axis, key in enumerate(("x", "y")):
            assert row[key] == pytest.approx(sum(share * data.corners[s][axis] for s, share in shares.items()))


def test_parity_counts_the_intervals_that_held(answered: Campaign) -> None:
    data = picture_of("parity", PictureRequest(answered.view(), answered.store)).data
    rows = [row for row in answered.view().rows if row.iteration == 1 and row.prediction is not None]
    held = [
        abs(row.values["solidus"] - row.prediction.means["solidus"]) <= 1.6448536 * row.prediction.stds["solidus"]
        for row in rows
        if row.prediction is not None and row.failure is None
    ]
    assert len(held) == 4
    assert data.verdict("solidus").startswith(f"90% intervals hold {sum(held)} of 4; RMS error ")


def test_history_counts_every_iteration_and_puts_a_campaign_at_random_beside(answered: Campaign) -> None:
    view = answered.view()
    data = picture_of("history", PictureRequest(view, answered.store, beside=view)).data
    assert list(data.iterations["results"]) == [6, 11]
    assert list(data.iterations["feasible"]) == [
        sum(r.feasible for r in view.rows if r.iteration == i) for i in range(2)
    ]
    assert list(data.iterations["value"]) == pytest.approx([view.hypervolume(view.upto(i)) for i in range(2)])
    assert data.random["value"].iloc[-1] == pytest.approx(view.hypervolume(view.rows))
    assert data.random["value"].is_monotonic_increasing
    other = replace(view, problem=replace(view.problem, goal=Goal.parse(["minimize density"], [])))
    with pytest.raises(InputError, match="another goal"):
        picture_of("history", PictureRequest(view, answered.store, beside=other))


def test_generators_are_counted_by_who_proposed(answered: Campaign) -> None:
    data = picture_of("generators", PictureRequest(answered.view(), answered.store)).data
    assert data.table["validated"].sum() == 11
    assert data.table["feasible"].sum() == sum(row.feasible for row in answered.view().rows)
    assert ((data.table["low"] <= data.table["hit_rate"]) & (data.table["hit_rate"] <= data.table["high"])).all()
    assert sum(map(len, data.novelty.values())) == 5  # of iteration 1; before iteration 0 nothing was known


def test_phases_are_those_of_the_best_alloys_by_the_campaign_s_own_validator(answered: Campaign) -> None:
    view = answered.view()
    with pytest.raises(InputError, match="validator is 'calphad'"):
        picture_of("phases", PictureRequest(view, answered.store))
    by_calphad = replace(view, config=view.config.model_copy(update={"validator": ValidatorConfig(name="calphad")}))
    data = KINDS["phases"].prepare(PictureRequest(by_calphad, answered.store))
    assert data.names == tuple(formula_text(row.design) for row in best_rows(view, 4))
    for celsius, fractions in data.curves:
        assert np.sum(list(fractions.values()), axis=0) == pytest.approx(np.ones(len(celsius)))
    assert KINDS["phases"].draw(data).legends


def test_under_the_pointer_stand_formula_values_predictions_and_who_proposed(answered: Campaign) -> None:
    results = results_of(answered.view())
    text = hover_texts(results, results.frame)[-2]
    assert "<sub>" in text
    assert "Solidus: 2321 ± 4.0 K (predicted " in text.replace("2321.0", "2321")
    assert "iteration 1, " in text


def test_the_best_are_the_first_of_the_ranking(answered: Campaign) -> None:
    view = answered.view()
    for count in (1, 4, 100):
        expected = [row.design for row in view.ranked() if row.feasible][:count]
        assert [row.design for row in best_rows(view, count)] == expected


def test_many_results_are_thinned_and_the_front_is_kept(answered: Campaign) -> None:
    frame = results_of(answered.view()).frame
    few = thinned(frame, most=5)
    assert len(few) <= 6
    assert few["front"].sum() == frame["front"].sum() > 0


def test_names_units_formulas_and_numbers_are_written_as_people_do() -> None:
    written = {name: label(PROPERTIES[name]) for name in (STRENGTH, "bcc_fraction_900c", "vec", "fracture_toughness")}
    assert written == {
        STRENGTH: "Specific yield strength at 1300 °C, MPa·cm³/g",
        "bcc_fraction_900c": "Mole fraction of BCC at 900 °C",
        "vec": "Valence electron concentration, electrons/atom",
        "fracture_toughness": "Rice's K (dislocation emission), MPa·√m",
    }
    assert formula_text(Design.parse("Nb22.5Ta77.5")) == "Nb₂₂.₅Ta₇₇.₅"
    assert formula_html(Design.parse("NbTa", {"route": "<b>"})) == "Nb<sub>50</sub>Ta<sub>50</sub>, route &lt;b&gt;"
    assert [number(v) for v in (2276.45, -0.5, 123456.0, 1e-9)] == ["2276", "−0.5", "123500", "1e−09"]
    assert [spread(*v) for v in ((267.83, 5.51), (2276.4, 31.0), (0.9, None))] == ["267.8 ± 5.5", "2276 ± 31", "0.9"]
    assert ink_on("#F0E442") == "black"
    assert ink_on("#0072B2") == "white"
