"""Every command of the README and of the pages: understood by the command line, and typed in where that can be."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.docs.pages import steps, words_of
from tests.docs.world import PREPARED, alloyloop, commands_of
from tests.loop.loop_helpers import ROOT
from tests.support.commands import misread

PAGES = {page.relative_to(ROOT).as_posix(): page for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]}

NOT_TYPED = {
    r"ui\b": "serves until Ctrl-C; tests/acceptance/test_faults_ui.py",
    r"submit ": "needs a Ray cluster; tests/loop/execute/test_submit.py",
    r".*--set state=postgresql": "needs the reader's server; tests/loop/store/ have one of their own",
    r".*--tdb my\.tdb": "needs the reader's database; tests/loop/cli/test_cli_phases.py",
    r"materials serve": "serves until Ctrl-C; tests/loop/materials/serving",
    r"materials fetch ": "needs the network; tests/loop/materials/exchange",
    r"materials add MPEA": "a table that the reader downloads; tests/alloys/points",
    r"tdb check my\.tdb": "needs the reader's database; tests/loop/cli/test_cli_tdb.py",
    r".*configs/thermodynamics/": "needs a database that the reader downloads",
    r".*docs/examples/alloyloop-extras": "needs the package; tests/extras/test_extras.py installs it",
    r"generate --campaign treated": "needs trained generators; tests/loop/cli/test_variables_campaign.py",
    r"(pause|stop|resume) ": "needs a run that goes on meanwhile; tests/loop/steering/test_pausing.py",
}
"""Commands that are not typed in here, by what follows `alloyloop`, and why."""

NOT_FOLLOWED = {
    "docs/evaluation/augmentation.md": "the reader's table; tests/loop/trials/test_augmentation.py",
    "docs/evaluation/formulas.md": "a table that does not come with the project; tests/loop/cli/evaluate",
    "docs/evaluation/generalisation.md": "the reader's table; tests/loop/trials/test_generalisation.py",
    "docs/howto/cluster.md": "a cluster",
    "docs/howto/extend.md": "a package that is installed",
    "docs/howto/thermodynamics.md": "the reader's databases",
    "docs/materials/governance.md": "the reader's tables and doubts; tests/loop/materials/governance",
    "docs/materials/strength.md": "a table that does not come with the project; tests/loop/cli/evaluate",
    "docs/materials/transfer.md": "the reader's tables; tests/loop/replay/test_foreign.py",
    "docs/materials/voids.md": "a materials table and a campaign of the reader's; tests/loop/cli/materials",
    "docs/papers/figures.md": "a table that does not come with the project",
    "docs/papers/reproduction.md": "likewise; tests/loop/cli/evaluate",
    "docs/reference/cli.md": "the commands of other pages, with other options",
}
"""Pages none of whose commands are typed in here."""

SHORTER = {
    "run": ["--set", "tracking.enabled=false", "--set", "cluster.executor=local", "--set", "generator.proposals=100"],
    "replay": ["--seeds", "1", "--looks", "5", "--method", "random"],
    "evaluate": ["--families", "cvae,nearest", "--condition", "density"],
    "generate": ["-n", "3"],
}
"""Words behind a command that let it end soon."""


def _why_not(words: list[str]) -> str | None:
    line = " ".join(words[1:])
    return next((why for pattern, why in NOT_TYPED.items() if re.match(pattern, line)), None)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_commands_of_a_page_are_understood(page: str) -> None:
    assert [problem for step in commands_of(PAGES[page]) if (problem := misread(words_of(step.text)))] == []


def test_every_page_with_commands_is_followed_or_on_a_list() -> None:
    with_commands = {name for name, page in PAGES.items() if any(commands_of(page))}
    tutorial = {name for name in with_commands if name.startswith("docs/tutorial/")}
    assert with_commands == {*PREPARED, *NOT_FOLLOWED} | tutorial
    assert set(PREPARED) & set(NOT_FOLLOWED) == set()


def test_every_reason_not_to_type_a_command_is_one_of_today() -> None:
    told = {_why_not(words_of(step.text)) for page in PAGES.values() for step in commands_of(page)}
    assert set(NOT_TYPED.values()) <= told


_LIKELY = {"[K]": 2500, "[mole": 0}
"""What a value may be, by the first word of its unit."""


def _fill_in(file: Path) -> None:
    """What a laboratory does with the file of `queue export`."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    asked = [head for head in rows[0] if head.endswith("]") and "_std [" not in head]
    for number, row in enumerate(rows):
        row.update({head: f"{_LIKELY.get(head.split()[1], 150) + number / 100:g}" for head in asked})
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _with_keys(words: list[str], folder: Path) -> list[str]:
    """The words, with keys that the campaign has in the place of those of the page."""
    if words[1] != "queue":
        return words
    state = ["--state", "held"] if words[2] in ("approve", "reject") else []
    jobs = json.loads(alloyloop(folder, "queue", "list", words[3], *state, "--json"))
    keys = iter(job["key"] for job in jobs)
    return [next(keys) if re.fullmatch(r"[0-9a-f]{4,12}|KEY", word) else word for word in words]


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(PREPARED))
def test_the_commands_of_a_page_can_be_typed_in(page: str, tmp_path: Path) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    PREPARED[page](tmp_path)
    for step in steps(PAGES[page]):
        if step.kind == "file":
            (tmp_path / step.name).write_text(step.text, "utf-8")
        if step.kind != "command" or _why_not(words_of(step.text)):
            continue
        words = _with_keys(words_of(step.text), tmp_path)
        waits = (0, 3) if words[1] == "run" else (0,)
        alloyloop(tmp_path, *words[1:], *SHORTER.get(words[1], []), statuses=waits)
        if words[1:3] == ["queue", "export"]:
            _fill_in(tmp_path / words[-1])
