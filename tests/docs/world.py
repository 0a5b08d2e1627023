"""Campaigns and files of the names that the pages of the documentation speak of: small, but real in every part."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from tests.docs.pages import Step, steps
from tests.loop.loop_helpers import ROOT, small_document
from tests.support import mpea

HARDNESS = """formula,hardness
Al5Co25Cr20Fe25Ni25,170
Al10Co20Cr20Fe25Ni25,240
Al15Co25Cr15Fe20Ni25,330
Al20Co20Cr20Fe20Ni20,420
Al25Co15Cr20Fe20Ni20,480
Al30Co20Cr15Fe15Ni20,510
Al10Co30Cr10Fe20Ni30,220
Al15Co15Cr30Fe20Ni20,450
Al20Co10Cr25Fe25Ni20,470
Al5Co20Cr30Fe25Ni20,290
"""


def alloyloop(folder: Path, *words: str, statuses: tuple[int, ...] = (0,)) -> str:
    """Standard output of a command, given in a folder."""
    command = [sys.executable, "-m", "loop.cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode in statuses, f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def write(folder: Path, name: str, **changes: object) -> None:
    """A small refractory campaign of a name, as a file."""
    document = small_document(folder, name=name, directory="campaigns", **changes)
    if "objectives" in changes:
        del document["reference_point"]
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document), "utf-8")


def run(folder: Path, name: str, *words: str) -> None:
    """Runs it; where people answer it waits for them."""
    alloyloop(folder, "run", f"{name}.yaml", *words, statuses=(0, 3))


def refractory(folder: Path) -> None:
    """`refractory`, and `chance` beside it."""
    write(folder, "refractory")
    run(folder, "refractory")
    write(folder, "chance", generator={"family": "cvae", "proposals": 10, "settings": {"epochs": 2}}, iterations=0)
    run(folder, "chance")


def held(folder: Path) -> None:
    """`my`, which people answer: some jobs are held and some wait for them."""
    write(folder, "my", validator={"name": "human"}, iterations=2)
    run(folder, "my", "--hold")
    keys = [job["key"] for job in json.loads(alloyloop(folder, "queue", "list", "my", "--json"))]
    alloyloop(folder, "queue", "approve", "my", *keys[:2])


def laboratories(folder: Path) -> None:
    """`my`, whose batches are shared between two laboratories, and its first iteration waits for both."""
    write(folder, "my", validator={"name": "human"}, batch=6, laboratories={"ultrasound": 4, "nanoindenter": 2})
    run(folder, "my")


def measured(folder: Path) -> None:
    """`mine` and `old`, begun from a table of 20 measured alloys; `more.csv` has another one."""
    alloys = ["Nb45Ta25Ti15Hf15", *(f"Nb{n}Ta{70 - n}Ti30" for n in range(20, 58, 2))]
    table = "\n".join(["formula,solidus", *(f"{formula},{2300 + 7 * i}" for i, formula in enumerate(alloys))])
    (folder / "table.csv").write_text(table + "\n", "utf-8")
    (folder / "more.csv").write_text("formula,solidus\nNb30Ta30Ti20V20,2310\n", "utf-8")
    data = [{"file": "table.csv", "formula": "formula", "properties": {"solidus": {"column": "solidus"}}}]
    goal = {"objectives": ["maximize solidus"], "constraints": [], "validator": {"name": "human"}, "data": data}
    for name in ("mine", "old"):
        write(folder, name, **goal)
        run(folder, name)
    write(folder, "new", objectives=["maximize solidus"], constraints=[], validator={"name": "human"})


def tables(folder: Path) -> None:
    """Tables of results, as a page that replays them names them."""
    rows = HARDNESS.splitlines()[1:]
    with (folder / "MPEA_dataset.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, mpea.HEADINGS)
        writer.writeheader()
        writer.writerows(mpea.made_records(60))
        for row in (*rows, *(row.replace("Ni2", "Mn2") for row in rows)):
            formula, hardness = row.split(",")
            writer.writerow(mpea.record(formula, **{mpea.HARDNESS: hardness}))
    lines = [f"{row.split(',')[0]},{700 + 20 * i},{row.split(',')[1]}" for i, row in enumerate(rows)]
    (folder / "oxidation.csv").write_text("\n".join(["formula,temperature,mass_change", *lines]), "utf-8")
    steels = [f"{0.1 + 0.05 * i:.2f},{1 + 0.3 * i:.1f},{400 + 15 * i}" for i in range(12)]
    (folder / "steels.csv").write_text("\n".join(["C,Mn,fatigue", *steels]), "utf-8")


def results(folder: Path) -> None:
    """Tables of measured hardness, and what the README names besides."""
    (folder / "results.csv").write_text(HARDNESS, "utf-8")
    (folder / "old_results.csv").write_text(HARDNESS, "utf-8")
    tables(folder)
    refractory(folder)
    small = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text("utf-8"))
    small |= {"start": {"validate": 6}, "iterations": 1, "generator": {"family": "cvae", "proposals": 200}}
    (folder / "quickstart.yaml").write_text(yaml.safe_dump(small), "utf-8")
    run(folder, "quickstart", "--set", "tracking.enabled=false")


def treated(folder: Path) -> None:
    """`treated` of the page on variables, with results, and jobs on hold."""
    page = ROOT / "docs" / "howto" / "variables.md"
    (text,) = [step.text for step in steps(page) if step.name == "treated.yaml"]
    (folder / "treated.yaml").write_text(text, "utf-8")
    with (folder / "known.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["formula", "route", "anneal_temperature", "anneal_time", "quench", "bar", "hardness"])
        writer.writerow(["Al20Co40Ni40", "cast", "", "", "", "round", 300])
        for i, formula in enumerate(row.split(",")[0] for row in HARDNESS.splitlines()[1:]):
            writer.writerow([formula, "aged", 700 + 50 * (i % 3), 0.5, "", "round", 320 + 20 * i])
    run(folder, "treated", "--hold")
    alloyloop(folder, "data", "add", "treated", "known.csv")
    keys = [job["key"] for job in json.loads(alloyloop(folder, "queue", "list", "treated", "--json"))]
    alloyloop(folder, "queue", "reject", "treated", *keys[1:], "--reason", "no time")
    key = keys[0]
    shown = json.loads(alloyloop(folder, "queue", "show", "treated", key, "--json"))
    assert shown["state"] == "held"


PREPARED: dict[str, Callable[[Path], None]] = {
    "README.md": results,
    "docs/howto/from-your-table.md": lambda folder: None,
    "docs/howto/other-problems.md": lambda folder: None,
    "docs/howto/own-data.md": measured,
    "docs/howto/predict-and-explain.md": refractory,
    "docs/howto/queue.md": lambda folder: (refractory(folder), held(folder))[0],
    "docs/howto/replay.md": tables,
    "docs/howto/variables.md": treated,
    "docs/materials/exchange.md": lambda folder: None,
    "docs/materials/table.md": lambda folder: None,
    "docs/concepts/batches.md": laboratories,
    "docs/concepts/review-desk.md": refractory,
    "docs/concepts/steering.md": held,
}
"""By page: what there is before its reader begins."""


def commands_of(page: Path) -> Iterator[Step]:
    """The commands that a page gives, in order."""
    return (step for step in steps(page) if step.kind == "command")
