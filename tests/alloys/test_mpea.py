"""The import of the published table: what stays, what goes, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.mpea import formula_of, read_mpea, reduce_records, write_rows
from tests.support.mpea import HARDNESS, STRAYS, STRENGTH, TEMPERATURE, record, write_made_table


def test_records_become_compositions_or_reasons() -> None:
    imported = reduce_records(
        [
            record("Nb1 Ta1", **{HARDNESS: "300"}),
            record("Ta0.5 Nb0.5", **{HARDNESS: "300.0", STRENGTH: "900", TEMPERATURE: "25"}),
            record("Nb1 Ta1", **{STRENGTH: "500", TEMPERATURE: "1000"}),
            record("Nb1 Zn1"),
            record("Nb1 O1"),
            record("rubbish"),
            record("Hf1 Ti1", **{HARDNESS: "1"}),
            record("Hf1 Ti1", **{HARDNESS: "2"}),
        ]
    )
    assert [str(c) for c, _ in imported.rows] == ["Nb50Ta50", "Hf50Ti50"]
    assert dict(imported.dropped) == {
        "repeat of a composition": 3,
        "element outside the 22: Zn": 1,
        "element without reference data": 1,
        "formula that cannot be read": 1,
    }
    assert sum(imported.dropped.values()) + len(imported.rows) == imported.records == 8
    values = imported.rows[0][1]
    assert (values["measured_hardness"], values["measured_yield_strength_room"]) == (300.0, 900.0)
    assert values["shear_modulus"] == pytest.approx((25.01 + 60.3) / 2)
    assert "measured_hardness" not in imported.rows[1][1]
    assert imported.ambiguous == {"measured_hardness": 1}


def test_cells_that_are_no_numbers_are_counted_and_not_lost_in_silence() -> None:
    odd = {HARDNESS: "<300", STRENGTH: "900", TEMPERATURE: "RT"}
    imported = reduce_records([record("Nb1 Ta1", **odd), record("Nb1 Ta2", **{HARDNESS: "n/a"})])
    assert imported.unreadable == {TEMPERATURE: 1, HARDNESS: 1}
    assert not any(name.startswith("measured_") for _, values in imported.rows for name in values)


@pytest.mark.outside_data
def test_the_published_table_has_558_compositions(public_data: Path) -> None:
    """As counted by the table's keepers: 1,545 records, 558 compositions in the papers' elements."""
    imported = read_mpea(public_data / "MPEA" / "MPEA_dataset.csv")
    assert (imported.records, len(imported.rows)) == (1545, 558)
    assert imported.dropped["repeat of a composition"] == 902
    assert sum(imported.dropped.values()) == 1545 - 558


def test_a_table_is_read_and_written_row_by_row(tmp_path: Path) -> None:
    imported = read_mpea(write_made_table(tmp_path / "made.csv"))
    assert (imported.records, len(imported.rows)) == (61 + len(STRAYS), 60)
    write_rows(imported.rows, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith("formula,shear_modulus,fracture_toughness,measured_")
    assert len(lines) == 61
    for line, (composition, _) in zip(lines[1:], imported.rows, strict=True):
        assert Composition.parse(line.split(",")[0]) == composition


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("formula,shear_modulus\nNbTa,40\n")
    with pytest.raises(InputError, match="is not the published MPEA table"):
        read_mpea(path)
    with pytest.raises(InputError, match="cannot read"):
        read_mpea(tmp_path / "absent.csv")
    header = ",".join(record("NbTa"))
    path.write_text(f"{header}\nZn1 Sn1,,,,,\n")
    with pytest.raises(InputError, match="no composition is left"):
        read_mpea(path)


def test_formulas_read_back() -> None:
    for text in ("NbMoTaW", "Al0.3CoCrFeNi", "Hf27.6Nb5.5Ta5.5Ti27.8Zr33.6"):
        composition = Composition.parse(text)
        assert Composition.parse(formula_of(composition)) == composition
