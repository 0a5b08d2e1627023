"""Laboratories that share the designs of a batch, each as many as it has room for."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop.campaign import Campaign
from loop.config.batches import laboratory_of
from loop.config.reading import check_config
from tests.loop.loop_helpers import call, small_config, write_config

SIZES = {"lab_a": 5, "lab_b": 3}


@given(
    sizes=st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(1, 12), min_size=1),
    batches=st.integers(1, 3),
)
def test_each_gets_its_size_of_every_batch_and_its_share_of_the_first_designs(
    sizes: dict[str, int], batches: int
) -> None:
    total = sum(sizes.values())
    made = [laboratory_of(sizes, rank) for rank in range(batches * total)]
    for begin in range(0, len(made), total):
        assert Counter(made[begin : begin + total]) == sizes
    for count in range(1, total):
        got = Counter(made[:count])
        assert all(abs(got[name] - size * count / total) < len(sizes) for name, size in sizes.items())


def test_each_laboratory_gets_a_file_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = small_config(
        tmp_path,
        objectives=["maximize solidus"],
        constraints=[],
        reference_point={},
        batch=8,
        laboratories=SIZES,
        validator={"name": "human"},
    )
    with Campaign.open(config) as campaign:
        assert len(campaign.suggest(8)) == 8
    files = {name: tmp_path / f"{name}.csv" for name in SIZES}
    rows = {}
    for name, path in files.items():
        arguments = ("--out", str(path), "--laboratory", name, "--directory", config.directory)
        code, _, err = call(capsys, "queue", "export", config.name, *arguments)
        assert code == 0, err
        with path.open(newline="", encoding="utf-8") as stream:
            rows[name] = list(csv.DictReader(stream))
        assert {row["laboratory"] for row in rows[name]} == {name}
        assert len(rows[name]) == SIZES[name]
    assert not {row["key"] for row in rows["lab_a"]} & {row["key"] for row in rows["lab_b"]}

    for row in rows["lab_b"]:
        row["solidus [K]"] = "2300"
    with files["lab_b"].open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows["lab_b"][0])
        writer.writeheader()
        writer.writerows(rows["lab_b"])
    told = ("--source", "lab_b", "--yes", "--directory", config.directory)
    code, _, err = call(capsys, "queue", "import", config.name, str(files["lab_b"]), *told)
    assert code == 0, err
    with Campaign.open(config) as campaign:
        assert campaign.results()["source"].tolist() == ["lab_b"] * 3

    code, _, err = call(
        capsys,
        "queue",
        "export",
        config.name,
        "--out",
        "x.csv",
        "--laboratory",
        "lab_c",
        "--directory",
        config.directory,
    )
    assert code == 2
    assert "no laboratory of the campaign is called 'lab_c'; there are lab_a, lab_b" in err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 6}, "they take 8 designs (lab_a 5, lab_b 3), and a batch has 6"),
        ({"batch": 8, "validator": {"name": "calphad"}}, "laboratories are people's"),
        ({"batch": 8, "laboratories": {"lab_a": 0}}, "greater than or equal to 1"),
    ],
)
def test_laboratories_that_do_not_fit_are_mistakes_of_the_file(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    given = {"laboratories": SIZES, "validator": {"name": "human"}, **changes}
    _, mistakes = check_config(write_config(tmp_path, **given))
    assert any(message in mistake and mistake.startswith("line ") for mistake in mistakes), mistakes
