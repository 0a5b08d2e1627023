"""Files that mean harm: refused with one message, soon, and with nothing changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from alloys.dataset import read_measurements
from alloys.errors import InputError
from alloys.space.variables import Variables
from generators.training.weights import read_file
from loop.config.reading import check_config, load_config
from loop.config.yaml_lines import DEEPEST, LARGEST, parse_value, parse_yaml
from loop.execute.bulk_validation import read_designs
from tests.loop.loop_helpers import DEFAULT, call
from validation.calphad.reading.tdbfile import PARSE_SECONDS, seconds_for
from validation.registry import make_validator

BILLION = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 12))


# YAML -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BILLION, f"more than {LARGEST} values"),
        ("a: &a [*a]", "hold themselves"),
        ("a: &a {b: *a}", "hold themselves"),
        ("a: " + "[" * 100_000, f"nested more than {DEEPEST} levels"),
        ("a: " + "{b: " * 5000 + "}" * 5000, f"nested more than {DEEPEST} levels"),
        ("- " * 5000, f"nested more than {DEEPEST} levels"),
        ("a: [" + "1," * 200_000 + "]", f"more than {LARGEST} values"),
    ],
    ids=["billion laughs", "alias of itself", "mapping of itself", "lists", "mappings", "sequences", "values"],
)
def test_yaml_that_asks_for_much_is_refused(text: str, message: str) -> None:
    begun = time.process_time()
    for parse in (lambda: parse_yaml(text, "x.yaml"), lambda: parse_value(text)):
        with pytest.raises(InputError, match=message):
            parse()
    assert time.process_time() - begun < 60  # it would take years


def test_aliases_that_are_few_are_read() -> None:
    assert parse_yaml("a: &a [1, 2]\nb: *a", "x").data == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system",
        "!!python/object/new:subprocess.Popen [[id]]",
        "!!set {a}",
        "!x y",
        "!!int ''",
        "!!bool maybe",
        "!!timestamp x",
        "1:" * 200 + "1.5",
        '"a\\0b"',
        '"\\ud800"',
    ],
)
def test_yaml_tags_and_values_that_are_none_are_mistakes_with_their_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(f"{DEFAULT.read_text(encoding='utf-8')}\nstate: {value}\n", encoding="utf-8")
    last = len(path.read_text(encoding="utf-8").splitlines())
    config, mistakes = check_config(path)
    assert config is None
    assert any(mistake.startswith(f"line {last}: ") for mistake in mistakes), mistakes


# Files that are none ----------------------------------------------------------------------------------------


def _formulas(path: Path) -> object:
    return read_designs(path, make_validator("reference", {}), Variables(), {})


READERS = {
    "configuration": load_config,
    "measurements": read_measurements,
    "formulas": _formulas,
    "weights": read_file,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_pipes_devices_and_folders_are_not_waited_for(tmp_path: Path, reader: object) -> None:
    assert callable(reader)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(InputError, match="no ordinary file"):
            reader(path)


@pytest.mark.parametrize(
    ("reader", "size"),
    [(load_config, 1_000_001), (read_measurements, 500_000_001), (_formulas, 500_000_001), (read_file, 2**30 + 1)],
)
def test_files_that_are_too_large_are_not_read(tmp_path: Path, reader: object, size: int) -> None:
    assert callable(reader)
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(size)  # a hole, which takes no room
    with pytest.raises(InputError, match=f"it has {size} bytes, at most {size - 1} are read"):
        reader(path)


def test_a_configuration_cannot_name_a_device(tmp_path: Path) -> None:
    path = tmp_path / "device.yaml"
    path.write_text(DEFAULT.read_text(encoding="utf-8"), encoding="utf-8")
    _, mistakes = check_config(path, ["start.table=/dev/zero", "validator.settings={tdb: /dev/zero}"])
    assert any("start: cannot read the start table /dev/zero: it is no ordinary file" in m for m in mistakes)
    assert any("no database file at /dev/zero" in m for m in mistakes)


CALCULATOR = "{class: 'os:system', arguments: {command: touch ran}, packages: [os]}"


@pytest.mark.parametrize(
    ("validator", "made"),
    [
        ("{name: script, settings: {command: [./tool.sh], properties: [solidus]}}", "'script' answers solidus"),
        (
            f"{{name: dft, settings: {{calculator: {CALCULATOR}, properties: [shear_modulus]}}}}",
            "'dft' answers shear_modulus",
        ),
    ],
    ids=["script", "dft"],
)
def test_checking_a_configuration_runs_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, validator: str, made: str
) -> None:
    if "dft" in validator:
        pytest.importorskip("ase", reason="ASE is not installed: nothing is looked for then")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "tool.sh"
    script.write_text("#!/bin/sh\ntouch ran\n", encoding="utf-8")
    script.chmod(0o755)
    _, mistakes = check_config(DEFAULT, [f"validator={validator}"])
    assert any(made in mistake for mistake in mistakes)  # so the validator was made of these settings
    assert [path.name for path in tmp_path.iterdir()] == ["tool.sh"]


# CSV --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])
def test_formulas_of_spreadsheets_do_nothing_as_properties(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"formula,solidus\nNbTa,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError, match="solidus must"):
        read_measurements(path)


def test_a_failure_holds_no_nul(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("formula,solidus,failure\nNbTa,,a\0b\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: the failure holds a NUL"):
        read_measurements(path)


def test_a_refused_table_leaves_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, out = tmp_path / "bad.csv", tmp_path / "out.csv"
    bad.write_text("FORMULA\nNbTa\n", encoding="utf-8")
    code, _, err = call(capsys, "data", "import", str(bad), "--format", "mpea", "--out", str(out))
    assert (code, "not the published MPEA table" in err) == (2, True)
    assert not out.exists()


# Databases --------------------------------------------------------------------------------------------------


def test_a_small_database_has_little_time() -> None:
    assert seconds_for(20_000) == PARSE_SECONDS == 5
    assert seconds_for(20_000_000) == 305  # that it is ended then, tests/validation/calphad shows
