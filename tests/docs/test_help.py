"""Help of every command: on a terminal of 80 columns, with an example that can be typed; and a shell's completion."""

from __future__ import annotations

from pathlib import Path

import pytest

from loop.cli import main as cli
from tests.loop.loop_helpers import call
from tests.support.commands import commands, misread


@pytest.mark.parametrize("name", commands())
def test_help_has_80_columns_and_an_example(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, told, _ = call(capsys, *name.split(), "--help")
    assert code == 0
    assert max(map(len, told.splitlines())) <= 80
    assert "…" not in told
    (example,) = [line.strip() for line in told.splitlines() if line.strip().startswith("For example: ")]
    line = example.removeprefix("For example: ")
    assert line.startswith(f"alloyloop {name}")
    assert misread(line) is None


def test_every_argument_and_option_says_what_it_is() -> None:
    silent = {f"{name} {one.name}" for name, command in commands().items() for one in command.params if not one.help}
    assert silent == set()


def test_a_line_that_is_wrong_is_found() -> None:
    assert misread("alloyloop run my.yaml --hold") is None
    for line in ("alloyloop dance", "alloyloop run", "alloyloop best x --top ten", "alloyloop run my.yaml --slowly"):
        assert misread(line) is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("nickel", "niobium", "steel"):
        (tmp_path / "campaigns" / name).mkdir(parents=True)
        (tmp_path / "campaigns" / name / "campaign.db").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("alloyloop que", ["queue"]),
        ("alloyloop queue app", ["approve"]),
        ("alloyloop best ni", ["nickel", "niobium"]),
        ("alloyloop queue list s", ["steel"]),
        ("alloyloop run --it", ["--iterations"]),
        ("alloyloop run x.yaml --log ", ["live", "plain", "quiet"]),
    ],
)
def test_a_shell_completes(
    words: str, wanted: list[str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_ALLOYLOOP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code in (0, None)
    assert capsys.readouterr().out.split() == wanted
