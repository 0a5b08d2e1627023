"""What the columns of tables are, as people write them, and the campaign that is drafted from them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from alloys.errors import InputError
from alloys.intake.drafting import Draft, draft
from alloys.intake.guessing import Guess, guess
from alloys.intake.headers import read_header
from alloys.intake.mapping import TableMap
from alloys.intake.reasons import by_reason
from alloys.intake.spaces import SpaceAround, space_around
from alloys.intake.tables import RawTable, read_table
from alloys.physics.registry import get_physics


def table_of(tmp_path: Path, text: str) -> RawTable:
    path = tmp_path / "results.csv"
    path.write_text(text, "utf-8")
    return read_table(path)


def guessed(tmp_path: Path, text: str, hint: str = "") -> Guess:
    return guess(table_of(tmp_path, text), hint)


def drafted(tmp_path: Path, text: str, goal: str, *constraints: str) -> Draft:
    table = table_of(tmp_path, text)
    return draft(table, guess(table), [("maximize", goal)], constraints, get_physics("generic"), "results.csv")


def kinds(found: Guess) -> dict[str, tuple[str, str]]:
    return {column.name: (column.kind, column.what) for column in found.columns}


@pytest.mark.parametrize(
    ("header", "words", "unit", "basis"),
    [
        ("YS (MPa)", "ys", "MPa", None),
        ("Hardness [HV]", "hardness", "HV", None),
        ("Tg, K", "tg", "K", None),
        ("Temperature_C", "temperature", "°C", None),
        ("PROPERTY: Exp. Density (g/cm$^3$)", "exp density", "g/cm3", None),
        (r"Test temperature ($^\circ$C)", "test temperature", "°C", None),
        ("Fatigue Strength (10E7 Cycles)", "fatigue strength 10e7 cycles", "", None),
        ("Al (at.%)", "al", "at.%", "at.%"),
        ("Al_wt", "al", "", "wt.%"),
        ("C [wt%]", "c", "wt%", "wt.%"),
        ("strain at fracture", "strain at fracture", "", None),
    ],
)
def test_headers_have_words_units_and_a_basis(header: str, words: str, unit: str, basis: str | None) -> None:
    read = read_header(header)
    assert (read.words, read.unit, read.basis) == (words, unit, basis)


TABLE = """Sample ID,Alloy,Process,T (°C),HV,HV std,YS (MPa),grain size (µm),phase,VEC,remark,doi,zzz,again,Alloy 2
1,Co25Cr25Fe25Ni25,as-cast,25,150,5,200,30,FCC,8.25,,10.1/a,0.1,150,Co25Cr25Fe25Ni25
2,Co20Cr20Fe20Ni20Al20,as-cast,25,480,11,,,BCC,7.2,brittle,10.1/a,0.7,480,Co20Cr20Fe20Ni20Al20
3,Co20Cr20Fe20Ni20Mn20,as-cast,25,160,6,210,25,FCC,8,,10.1/b,0.2,160,Co20Cr20Fe20Ni20Mn20
4,Co20Cr20Fe20Ni20Cu20,as-cast,600,133,4,150,,FCC,8.8,,10.1/b,0.3,133,Co20Cr20Fe20Ni20Cu20
"""


def test_every_column_is_named_for_what_it_is(tmp_path: Path) -> None:
    assert kinds(guessed(tmp_path, TABLE)) == {
        "Sample ID": ("identifier", ""),
        "Alloy": ("formula", ""),
        "Process": ("process", ""),
        "T (°C)": ("condition", ""),
        "HV": ("property", "hardness"),
        "HV std": ("std", "HV"),
        "YS (MPa)": ("property", "yield_strength"),
        "grain size (µm)": ("structure", ""),
        "phase": ("structure", ""),
        "VEC": ("follows", ""),
        "remark": ("note", ""),
        "doi": ("reference", ""),
        "zzz": ("unknown", "zzz"),
        "again": ("unknown", "again"),
        "Alloy 2": ("formula", ""),
    }


def test_steels_by_weight_have_iron_for_the_rest(tmp_path: Path) -> None:
    text = "C,Si,Mn,Cr,Hardness\n0.35,0.2,0.8,1.1,235\n0.36,0.3,0.7,1.0,249\n0.30,0.2,0.9,0.9,221\n"
    amounts = guessed(tmp_path, text).amounts
    assert amounts is not None
    assert (amounts.basis, amounts.balance, amounts.by_formula) == ("wt.%", "Fe", False)
    assert len(amounts.assumed) == 2


@pytest.mark.parametrize(
    ("text", "basis", "elements"),
    [
        ("Al,Ni,Fe,HV\n20,30,50,1\n30,30,40,2\n", "at.%", ["Al", "Ni", "Fe"]),
        ("aluminium,Nickel,iron,HV\n0.2,0.3,0.5,1\n0.3,0.3,0.4,2\n", "at.%", ["Al", "Ni", "Fe"]),
        ("al,ni,fe,HV\n20,30,50,1\n30,30,40,2\n", "at.%", ["Al", "Ni", "Fe"]),
        ("x_Al,x_Ni,HV\n0.2,0.8,1\n0.3,0.7,2\n", "at.%", ["Al", "Ni"]),
        ("Al (wt.%),Ni (wt.%),HV\n20,Bal.,1\n30,Bal.,2\n", "wt.%", ["Al", "Ni"]),
        ("Al,Co,Cr,HV\n0.5,1,1,1\n1,1,1,2\n", "parts", ["Al", "Co", "Cr"]),
        ("Al at%,Ni at%,Al wt%,Ni wt%,HV\n50,50,31.5,68.5,1\n20,80,10.3,89.7,1\n", "at.%", ["Al", "Ni"]),
    ],
)
def test_amounts_by_element(tmp_path: Path, text: str, basis: str, elements: list[str]) -> None:
    amounts = guessed(tmp_path, text).amounts
    assert amounts is not None
    assert (amounts.basis, list(amounts.elements.values())) == (basis, elements)


def test_phases_in_capitals_are_no_formulas(tmp_path: Path) -> None:
    found = guessed(tmp_path, "alloy,BCC/FCC,HV\nNbTa,BCC,1\nCoNi,FCC,2\n")
    assert kinds(found)["BCC/FCC"] == ("structure", "")


def test_a_draft_maps_the_goal_and_fixes_the_test_temperature(tmp_path: Path) -> None:
    rows = [f"Co{20 + i}Cr{20 - i}Fe30Ni30,{25 if i % 4 else 800},{100 + 10 * i} ± 5" for i in range(16)]
    made = drafted(tmp_path, "\n".join(["Alloy,test temperature (°C),HV", *rows]), "HV", "density <= 9")
    assert made.objectives == ("maximize hardness",)
    assert made.constraints == ("density <= 9",)
    assert made.entry.where == {"test temperature (°C)": [25.0]}
    assert (len(made.intake.rows), len(made.intake.dropped)) == (12, 4)
    assert made.properties["hardness"] == {"unit": "HV", "range": [0.2, 5000.0], "usual": [130.0, 230.0]}


def test_a_property_over_decades_is_modelled_by_its_logarithm(tmp_path: Path) -> None:
    text = "Alloy,creep life (h)\nCoNi,1\nCoNi2,30\nCoNi3,900\nCoNi4,5000\n"
    made = drafted(tmp_path, text, "creep life")
    assert made.properties["creep_life"]["scale"] == "log"


def test_a_property_that_the_composition_decides_keeps_a_name_of_its_own(tmp_path: Path) -> None:
    assert drafted(tmp_path, "Alloy,density (g/cm3)\nCoNi,8.8\nCoNi2,8.9\n", "density").objectives == (
        "maximize measured_density",
    )


def test_rows_that_say_the_same_or_something_else_are_told(tmp_path: Path) -> None:
    made = drafted(tmp_path, "Alloy,HV\nCoNi,200\nCoNi,200\nCoCr,100\nCoCr,900\n", "HV")
    assert [(one.lines, one.same) for one in made.repeats] == [((2, 3), (2, 3)), ((4, 5), ())]
    assert made.repeats[1].apart == pytest.approx(8 / 9)


@pytest.mark.parametrize(
    ("text", "goal", "reason"),
    [
        ("name,HV\nsteel,200\nbrass,100\n", "HV", "no column of formulas"),
        ("Alloy,HV\nCoNi,200\nCoCr,100\n", "strength", "no column of numbers is 'strength'; there are hardness"),
        ("Alloy,HV,HV\nCoNi,200,1\nCoCr,100,2\n", "HV", "columns 2 and 3 are both named 'HV'"),
        ("Al,Al,Ni,HV\n50,50,50,1\n20,20,80,2\n", "HV", "columns 1 and 2 are both named 'Al'"),
        (
            "Alloy,HV\nCoNi,n/a\nCoCr,\n",
            "HV",
            "'HV' is no column of numbers: of its 2 cells 0 are numbers, 0 something",
        ),
        ("Alloy,HV\nCoNi,<140\nCoCr,hard\n", "HV", "0 are numbers, 2 something else, such as '<140', 'hard'"),
        ("Alloy,HV\nCoNi,n/a\nCoCr,\n", "YS", "there are none at all"),
        (
            "Alloy,HV\nCoNi,\n,5\n",
            "HV",
            "no row has an alloy and a value: 1 no value: the cells are empty; 1 no composition: the cell",
        ),
        ("Alloy,HV\nCoNi,200\nCoCr,100\n", "density", "follows from the composition alone"),
    ],
)
def test_what_gives_no_campaign_is_told_in_one_line(tmp_path: Path, text: str, goal: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as told:
        drafted(tmp_path, text, goal)
    assert "\n" not in str(told.value)


def test_two_rows_are_enough(tmp_path: Path) -> None:
    made = drafted(tmp_path, "Alloy,HV\nCoNi,200\nCoNi,200\n", "HV")
    around = space_around([row.design.composition for row in made.intake.rows], by_weight=False)
    assert around.seen == {"Co": 2, "Ni": 2}
    assert around.keys["elements"] == ["Co", "Ni"]


def test_a_space_around_steels_has_finer_steps_for_minor_additions(tmp_path: Path) -> None:
    made = drafted(tmp_path, "C,Si,Mn,Cr,HV\n0.35,0.2,0.8,12,235\n0.36,0.3,0.7,13,249\n0.30,0.2,0.9,12.5,221\n", "HV")
    space = space_around([row.design.composition for row in made.intake.rows], by_weight=True).keys
    assert space["basis"] == "wt"
    assert set(space["steps"]) == {"C", "Si", "Mn"}
    assert space["bounds"]["C"][0] <= 0.003 < 0.0036 <= space["bounds"]["C"][1]


def test_ten_thousand_different_alloys_are_read_at_once(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = [
        f"Co{draw.randint(5, 90)}Cr{draw.randint(5, 90)}Ni{draw.randint(1, 99)},{draw.random()}" for _ in range(10_000)
    ]
    made = drafted(tmp_path, "\n".join(["Alloy,HV", *rows]), "HV")
    assert len(made.intake.rows) + len(made.intake.dropped) == 10_000


def test_equal_amounts_of_several_elements_are_all_read(tmp_path: Path) -> None:
    rows = [
        f"{2 * i},{25 - 0.5 * i:g},{25 - 0.5 * i:g},{25 - 0.5 * i:g},{25 - 0.5 * i:g},{140 + 2 * i}" for i in range(12)
    ]
    for head in ("Al,Co,Cr,Fe,Ni", "Al (at.%),Co (at.%),Cr (at.%),Fe (at.%),Ni (at.%)"):
        text = "\n".join([f"{head},HV", *rows])
        amounts = guessed(tmp_path, text).amounts
        assert amounts is not None
        assert (amounts.basis, amounts.balance) == ("at.%", None)
        assert list(amounts.elements.values()) == ["Al", "Co", "Cr", "Fe", "Ni"]
        assert len(drafted(tmp_path, text, "HV").intake.rows) == 12


def test_one_pair_of_equal_amounts_is_two_elements(tmp_path: Path) -> None:
    rows = [f"{80 - 2 * i},{10 + i},{10 + i},{200 + i}" for i in range(12)]
    amounts = guessed(tmp_path, "\n".join(["Ni,Al,Cr,HV", *rows])).amounts
    assert amounts is not None
    assert list(amounts.elements.values()) == ["Ni", "Al", "Cr"]


NAMES = "Ti-6Al-4V,900\nTi-5Al-2Sn,800\nTi-6Al-2Sn-4Zr-2Mo,950\nTi-10V-2Fe-3Al,1100\nFe-18Cr-8Ni,250\n"


def test_names_such_as_ti_6al_4v_are_by_weight_and_the_page_says_so(tmp_path: Path) -> None:
    text = f"alloy,YS (MPa)\n{NAMES}"
    amounts = guessed(tmp_path, text).amounts
    assert amounts is not None
    assert amounts.basis == "wt.%"
    assert amounts.assumed == ("names such as Ti-6Al-4V are in percent of weight, as is usual: no header says so",)
    assert drafted(tmp_path, text, "YS").intake.rows[0].design.formula == "Al10.1955Ti86.2044V3.6001"


def test_names_by_weight_beside_formulas_of_atoms_are_read_each_by_its_form(tmp_path: Path) -> None:
    made = drafted(tmp_path, f"alloy,YS (MPa)\n{NAMES}CoCrFeNi,200\nTi-6Al-4V (at.%),1\nFe80B20,9\n", "YS")
    assert made.entry.basis == "as written"
    formulas = [row.design.formula for row in made.intake.rows]
    assert formulas[0] == "Al10.1955Ti86.2044V3.6001"
    assert formulas[5:] == ["Co25Cr25Fe25Ni25", "Al6Ti90V4", "B20Fe80"]
    assert not made.intake.dropped


def test_a_header_decides_what_the_numbers_in_names_are(tmp_path: Path) -> None:
    amounts = guessed(tmp_path, f"alloy (at.%),YS (MPa)\n{NAMES}").amounts
    assert amounts is not None
    assert (amounts.basis, amounts.assumed) == ("at.%", ())


def test_the_form_of_a_formula_says_nothing_of_columns_of_amounts() -> None:
    with pytest.raises(ValueError, match="basis: as written is for formulas"):
        TableMap.model_validate(
            {
                "file": "a.csv",
                "elements": {"Al": "Al"},
                "basis": "as written",
                "properties": {"hardness": {"column": "HV"}},
            }
        )


STRANGE = ("-250", "0", "<140", "<9", "165 (3)", "171*", "150-160", "25O", "150/160", "9 J")


def test_each_kind_of_reason_names_its_lines(tmp_path: Path) -> None:
    rows = [*(f"Co{40 + i}Ni{60 - i},{140 + 7 * i}" for i in range(30)), *(f"CoNi,{cell}" for cell in STRANGE)]
    made = drafted(tmp_path, "\n".join(["Alloy,Hardness (HV)", *rows]), "hardness")
    told = {reason.removeprefix("no value: hardness: "): lines for reason, lines in by_reason(made.intake.dropped)}
    assert told.pop("'-250' cannot be true, for hardness is more than 0, and the like") == [32, 33]
    assert told.pop("'<140' is a bound, not a value, and the like") == [34, 35]
    assert told.pop("'165 (3)' has a number in brackets, which may be an error or something else") == [36]
    assert told.pop("'171*' is more than a number and its unit, and the like") == [37, 40]
    assert told.pop("'150-160' is a range, not a value") == [38]
    assert [(reason.partition(";")[0], lines) for reason, lines in told.items()] == [
        ("unknown unit 'O'", [39]),
        ("hardness cannot be given in 'J': its unit is HV", [41]),
    ]


@pytest.mark.parametrize(
    ("head", "cell", "taken"),
    [
        ("Hardness (HV)", "0", False),
        ("YS (MPa)", "-30", False),
        ("Young's modulus (GPa)", "-1", False),
        ("Elongation (%)", "0", True),
        ("Elongation (%)", "-1", False),
        ("Tg (K)", "-5", False),
        ("Tg (°C)", "-5", True),
        ("mass change (mg/cm2)", "-5", True),
    ],
)
def test_what_cannot_be_costs_its_row(tmp_path: Path, head: str, cell: str, taken: bool) -> None:
    rows = [*(f"Co{40 + i}Ni{60 - i},{140 + 7 * i}" for i in range(4)), f"CoNi,{cell}"]
    made = drafted(tmp_path, "\n".join([f"Alloy,{head}", *rows]), head)
    assert len(made.intake.rows) == 4 + taken
    assert (made.properties[next(iter(made.columns))]["range"][0] < 0) == (taken and cell.startswith("-"))


def test_a_discovery_lies_in_the_range_of_a_property(tmp_path: Path) -> None:
    made = drafted(tmp_path, "Alloy,HV,YS (MPa)\nCoNi,200,-7\nCoCr,240,300\nCoFe,220,320\n", "HV")
    low, high = made.properties["hardness"]["range"]
    assert 0 < low < 20
    assert high >= 2400
    assert made.others["yield_strength"][1]["range"] == [0.5, 5000.0]


def around(made: Draft) -> SpaceAround:
    compositions = [row.design.composition for row in made.intake.rows]
    return space_around(compositions, by_weight=made.entry.basis == "wt.%")


def test_steels_fit_the_steps_of_the_space_around_them(tmp_path: Path) -> None:
    rows = [f"{0.30 + 0.01 * i:.2f},{0.7 + 0.03 * i:.2f},{0.008 + 0.001 * i:.3f},{200 + 5 * i}" for i in range(14)]
    made = around(drafted(tmp_path, "\n".join(["C,Mn,P,HV", *rows]), "HV"))
    assert made.keys["steps"]["P"] == 1e-5
    assert made.outside == ()


def test_a_step_that_most_rows_fit_gives_way_to_one_that_all_fit(tmp_path: Path) -> None:
    rows = [f"{10 + 2 * i},{40 - i},{50 - i},{200 + i}" for i in range(19)]
    made = around(drafted(tmp_path, "\n".join(["Al,Co,Ni,HV", *rows, "10.5,39.5,50,300"]), "HV"))
    assert made.keys["step"] == 0.005
    assert made.outside == ()


def test_rows_that_fit_no_grid_are_counted(tmp_path: Path) -> None:
    rows = ["CoCrFeNi,140", *(f"Al0.{i}CoCrFeNi,{140 + 31 * i}" for i in range(1, 10))]
    made = around(drafted(tmp_path, "\n".join(["Alloy,HV", *rows]), "HV"))
    assert made.outside == ("9 of 10 rows lie between its steps",)


@pytest.mark.parametrize(
    ("head", "asked", "name"),
    [
        ("HV10", "hardness", "hardness"),
        ("HV0.5", "HV0.5", "hardness"),
        ("HV 0,3", "hardness", "hardness"),
        ("Härte HV0,3", "Härte", "harte_hv0_3"),
        ("Härte", "Härte", "harte"),
    ],
)
def test_hardness_is_found_by_its_head_with_the_load(tmp_path: Path, head: str, asked: str, name: str) -> None:
    made = drafted(tmp_path, f"Alloy;{head}\nCoNi;200\nCoCr;240\nCoFe;220\n", asked)
    assert made.objectives == (f"maximize {name}",)
    assert made.properties[name]["unit"] == "HV"


def test_a_property_that_is_mostly_zero_begins_at_zero(tmp_path: Path) -> None:
    rows = [f"Co{i}Ni{100 - i},{5 * (i == 9)}" for i in range(1, 10)]
    made = drafted(tmp_path, "\n".join(["Alloy,Elongation (%)", *rows]), "Elongation")
    (own,) = made.properties.values()
    assert own == {"unit": "%", "range": [0.0, 50.0], "usual": [0.0, 5.5]}


def test_two_properties_that_agree_are_two(tmp_path: Path) -> None:
    rows = [f"Co{i}Ni{100 - i},{300 + i},{300 + i}" for i in range(10, 24)]
    found = guessed(tmp_path, "\n".join(["Alloy,YS (MPa),UTS (MPa)", *rows]))
    assert [column.what for column in found.numbers] == ["yield_strength", "tensile_strength"]


def test_names_of_trade_that_read_as_ratios_are_told(tmp_path: Path) -> None:
    amounts = guessed(tmp_path, "Alloy,HV\nAlSi10Mg,120\nAlSi7Mg,100\nAlSi12,90\n").amounts
    assert amounts is not None
    assert amounts.assumed == ("formulas such as AlSi10Mg are ratios of atoms: no header says so",)


def test_a_slip_in_an_amount_costs_its_row_and_not_the_element(tmp_path: Path) -> None:
    rows = "20,bal.,30,200\n25,bal.,30,220\n22,bal.,30,210\n18,bal.,30,190\n-3,bal.,30,120\n120,bal.,30,120\n"
    made = drafted(tmp_path, f"Al,Co,Ni,HV\n{rows}15,bal.,30,160\n", "HV")
    assert set(made.entry.elements) == {"Al", "Co", "Ni"}
    assert [row.line for row in made.intake.rows] == [2, 3, 4, 5, 8]
    assert [line for line, _ in made.intake.dropped] == [6, 7]


@pytest.mark.parametrize("head", ["Rp0.2 (MPa)", "0.2% yield strength (MPa)", "YS (MPa)"])
def test_the_yield_strength_is_found_by_its_usual_heads(tmp_path: Path, head: str) -> None:
    (found,) = guessed(tmp_path, f"Alloy,{head}\nCoNi,200\nCoCr,240\nCoFe,230\n").numbers
    assert found.what == "yield_strength"
