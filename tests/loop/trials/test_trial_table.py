"""Tables that models are tried on: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.errors import InputError
from loop.trials.table import TableColumns, read_trial_table


def written(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_design_belongs_to_the_paper_that_told_of_it_first(alloys_csv: Path) -> None:
    table = read_trial_table(alloys_csv, ["hardness"])
    assert table.papers is not None
    assert table.years is not None
    assert len(table.designs) == len(set(table.designs)) == 69
    assert "10.1/later" not in table.papers
    assert table.years.max() == 2004


def test_the_order_of_rows_does_not_matter(alloys_csv: Path, tmp_path: Path) -> None:
    head, *rows = alloys_csv.read_text(encoding="utf-8").splitlines()
    turned = written(tmp_path, "\n".join([head, *reversed(rows)]) + "\n")
    one, other = (read_trial_table(path, ["hardness"]) for path in (alloys_csv, turned))
    assert one.designs == other.designs
    np.testing.assert_allclose(one.values["hardness"], other.values["hardness"])


def test_rows_without_a_number_a_year_or_a_paper_are_told(alloys_csv: Path, tmp_path: Path) -> None:
    lines = [f"Nb{100 - i}Ta{i},{i},{2000 + i},10.1/{i % 5}" for i in range(1, 41)]
    lines[3:6] = ["Nb96Ta4,<0.1,2004,10.1/4", "Nb95Ta5,5,20?5,NA", "", "Nb94Ta6,6,2006,<NA>"]
    table = read_trial_table(written(tmp_path, "\n".join(["formula,hv,year,doi", *lines, ""])), ["hv"])
    assert "1 of 40 rows left out: no number in 'hv', line 5: '<0.1'" in table.notes
    assert "1 of 40 rows without a year in 'year', line 6: '20?5'" in table.notes
    assert table.papers is not None
    assert table.papers.count("") == 2


def test_a_closed_form_is_computed_where_there_is_no_column(alloys_csv: Path) -> None:
    table = read_trial_table(alloys_csv, ["density", "hardness"])
    assert (table.computed, set(table.values)) == (("density",), {"hardness"})


def test_the_column_of_formulas_may_have_any_name(alloys_csv: Path, tmp_path: Path) -> None:
    text = alloys_csv.read_text(encoding="utf-8").replace("formula", "stuff").replace("doi", "told by")
    path = written(tmp_path, text)
    table = read_trial_table(path, ["hardness"], TableColumns(formula="stuff", paper="told by"))
    assert table.papers is not None
    assert len(table.designs) == 69
    assert read_trial_table(path, ["hardness"], TableColumns(formula="stuff")).papers is None
    with pytest.raises(InputError, match="has no column 'author'; there are 'stuff', 'hardness'"):
        read_trial_table(path, ["hardness"], TableColumns(formula="stuff", paper="author"))


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("formula,hardness\nNb,1\n", "toughness", "nothing is known of 'toughness'; there are the columns 'formula'"),
        ("formula,hardness\nNb,\nTa,\n", "hardness", "0 distinct designs have a number in 'hardness'; at least 25"),
        ("formula,hardness\n", "hardness", "has no rows"),
        ("formula,y\n" + "".join(f"Nb{i}Ta,5\n" for i in range(30)), "y", "'y' is the same in every row"),
    ],
)
def test_a_target_that_nobody_has_data_for_is_refused(tmp_path: Path, text: str, target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_trial_table(written(tmp_path, text), [target])
