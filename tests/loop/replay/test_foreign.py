"""A replay learns from the answers of another file, whatever its elements, and refuses one that says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from alloys.errors import InputError
from loop.choose.fitting import fit_surrogate
from loop.cli.main import app
from loop.replay.ours import Ours, config_of_pool
from loop.replay.pool import read_foreign, read_pool

HERE, THERE = ("Mo", "Nb", "Ta", "Ti"), ("Mo", "Nb", "Ti", "Al", "Ni")
WEIGHT = {"Mo": 9.0, "Nb": 4.0, "Ta": 6.0, "Ti": 1.0, "Al": 2.0, "Ni": 5.0}


def written(path: Path, elements: tuple[str, ...], count: int, seed: int, offset: float = 0.0) -> Path:
    rng = np.random.default_rng(seed)
    lines = ["formula,hardness"]
    for _ in range(count):
        amounts = dict(zip(rng.choice(elements, 3, replace=False), rng.integers(1, 9, 3), strict=True))
        mean = sum(WEIGHT[name] * amount for name, amount in amounts.items()) / sum(amounts.values())
        lines.append("".join(f"{name}{amount}" for name, amount in amounts.items()) + f",{100 * mean + offset:.1f}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tables")
    return written(folder / "own.csv", HERE, 60, 0), written(folder / "lab-b.csv", THERE, 80, 1, offset=70.0)


def test_another_file_with_other_elements_orders_the_list_before_anything_is_known(files: tuple[Path, Path]) -> None:
    pool = read_foreign(read_pool(files[0], "hardness"), files[1])
    assert any("80 foreign points" in note for note in pool.notes)
    campaign = Ours(pool, config_of_pool(pool), 0)
    looked = np.array([0, 1])
    picks = campaign.choose(looked, pool.values[looked], 3)
    ranks = np.argsort(np.argsort(-pool.values))
    assert max(ranks[picks]) < 12
    notes = fit_surrogate(campaign.view).notes
    assert any("lab-b is used" in note for note in notes)


def test_another_file_has_the_inputs_of_the_list_and_no_cell_takes_one_away(tmp_path: Path) -> None:
    def table(name: str, heads: str, *odd: str) -> Path:
        rows = [f"{(7 * i) % 11},{odd[i] if i < len(odd) else (5 * i) % 7},{i},{i}" for i in range(12)]
        path = tmp_path / name
        path.write_text("\n".join([heads, *rows, ""]), encoding="utf-8")
        return path

    pool = read_pool(table("own.csv", "a,b,y,z"), "y", features=["a", "b"])
    found = read_foreign(pool, table("lab.csv", "a,b,y,c", *["<0.1"] * 7))
    assert found.foreign is not None
    assert {tuple(design.values) for design in found.foreign.designs} == {("column_a", "column_b")}
    assert found.notes[-3:] == (
        f"lab.csv: not used, as {pool.source} has no such input: c",
        "lab.csv: 7 of 12 rows left out: line 2: the input 'b' is '<0.1'",
        "lab.csv: 5 foreign points",
    )
    with pytest.raises(InputError, match="has no column 'b'"):
        read_foreign(pool, table("else.csv", "a,c,y,z"))


def test_the_command_tells_what_was_read_and_refuses_a_file_that_tells_nothing(files: tuple[Path, Path]) -> None:
    own, other = map(str, files)
    asked = ["replay", own, "--target", "hardness", "--method", "ours", "--seeds", "1", "--looks", "5", "--jobs", "1"]
    told = CliRunner().invoke(app, [*asked, "--foreign", other])
    assert told.exit_code == 0
    assert "lab-b.csv: 80 foreign points" in told.output
    empty = files[0].parent / "empty.csv"
    empty.write_text("formula,hardness\nMoNb,soft\n", encoding="utf-8")
    with pytest.raises(InputError, match="no row is left to learn from"):
        read_foreign(read_pool(files[0], "hardness"), empty)
    plain = files[0].parent / "plain.csv"
    plain.write_text("x,hardness\n1,2\n2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="the same columns of inputs"):
        read_foreign(read_pool(files[0], "hardness"), plain)
