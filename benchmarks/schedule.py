"""Who waits for whom: idle share of the validators' slots, and of what is not validation, on a real Ray cluster.

    python -m benchmarks.schedule idle [--seconds 20] [--validations 100] [--modes asynchronous synchronous]
    python -m benchmarks.schedule share [--seconds 60] [--batches 3]

The validator is a command that takes a known time, waiting, as an outside program would for this machine, and answers
by rules of mixture, about as hard to satisfy as what CALPHAD says. Everything else is the default campaign's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import yaml

from tests.support.processes import CONFIG, command, environment

PROPERTIES = "solidus freezing_range bcc_fraction_1200c bcc_fraction_1300c specific_yield_strength_1300c".split()

_COMMAND = """
import json, sys, time
begin = time.monotonic()
MELTING = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
amounts = request["composition"]
mean = sum(fraction * MELTING[symbol] for symbol, fraction in amounts.items())
spread = sum(fraction * abs(MELTING[symbol] - mean) for symbol, fraction in amounts.items())
solidus = mean - 1.1 * spread
two_phases = 10 * amounts.get("Cr", 0.0) * (amounts.get("Zr", 0.0) + amounts.get("Hf", 0.0))
values = {"solidus": (solidus, "K"), "freezing_range": (0.85 * spread, "K")}
values |= {name: (max(0.0, 1 - two_phases), "mole fraction") for name in ("bcc_fraction_1200c", "bcc_fraction_1300c")}
values["specific_yield_strength_1300c"] = (max(0.0, 0.1 * (solidus - 2023)), "MPa·cm3/g")
verdict["properties"] = {name: {"value": value, "unit": unit} for name, (value, unit) in values.items()}
time.sleep(max(0.0, float(sys.argv[1]) - (time.monotonic() - begin)))
json.dump(verdict, sys.stdout)
"""


def config(folder: Path, seconds: float, validations: int, schedule: dict[str, Any], workers: int) -> Path:
    """The default campaign with that validator; iteration 0 has 24 validations less what does not fill a batch."""
    program = folder / "takes_seconds.py"
    program.write_text(_COMMAND, encoding="utf-8")
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    batch = int(document["batch"])
    start = min(validations, 2 * batch + validations % batch)
    settings = {
        "command": [sys.executable, str(program), f"{seconds:g}"],
        "properties": PROPERTIES,
        "expected_seconds": seconds,
        "run": {"least_free_mb": 1},
    }
    document |= {
        "name": "schedule",
        "iterations": (validations - start) // batch,
        "start": {"validate": start},
        "validator": {"name": "script", "settings": settings},
        "schedule": schedule,
        "cluster": {"executor": "ray", "workers": workers},
    }
    path = folder / "schedule.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def campaign(seconds: float, validations: int, schedule: dict[str, Any], workers: int) -> dict[str, Any]:
    """Runs it in a folder of its own; what ``alloyloop timeline --json`` says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = config(folder, seconds, validations, schedule, workers)
        with (folder / "run.log").open("wb") as log:
            done = subprocess.run(command(path), cwd=folder, env=environment(), stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise RuntimeError((folder / "run.log").read_text())
        call = [sys.executable, "-m", "loop.cli", "timeline", "schedule", "--json"]
        told = subprocess.run(call, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
        status = [sys.executable, "-m", "loop.cli", "status", "schedule", "--json"]
        state = subprocess.run(status, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(told.stdout)
    return document | {"status": json.loads(state.stdout)}


def longest(document: dict[str, Any], *names: str) -> str:
    """The mean and the longest time of some kinds of work, in seconds."""
    parts = []
    for name in names:
        took = [end - begin for _, work, begin, end in document["spans"] if work == name]
        parts.append(f"{name} {sum(took) / len(took):.1f} ({max(took):.1f})" if took else f"{name} -")
    return ", ".join(parts)


def told(title: str, document: dict[str, Any]) -> None:
    """Prints the figures of a campaign."""
    shares, state = document["shares"], document["status"]
    print(f"{title}: {state['observations']} validations in {shares['seconds']:.0f} s, state {state['state']}")
    print(f"  slots idle {shares['idle']:.1%} of their time; nothing validated in {shares['unvalidated']:.1%} of it;")
    print(f"  the driver at work itself in {shares['driver']:.1%}")
    works = ("train", "fit", "propose", "screen", "begin", "record", "close", "log")
    print(
        textwrap.fill(
            f"seconds, mean (longest): {longest(document, *works)}", 110, initial_indent="  ", subsequent_indent="  "
        )
    )
    print(f"  dataset digest {state['dataset_digest']}", flush=True)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    idle = kinds.add_parser("idle")
    idle.add_argument("--seconds", type=float, default=20.0)
    idle.add_argument("--validations", type=int, default=100)
    idle.add_argument("--modes", nargs="+", default=["asynchronous", "synchronous"])
    share = kinds.add_parser("share")
    share.add_argument("--seconds", type=float, default=60.0)
    share.add_argument("--batches", type=int, default=3)
    for kind in (idle, share):
        kind.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    print(f"{given.workers} workers, validations of {given.seconds:g} s, batch of 8, generators as in {CONFIG.name}")
    if given.kind == "idle":
        for mode in given.modes:
            told(mode, campaign(given.seconds, given.validations, {"mode": mode}, given.workers))
        return
    told("asynchronous", campaign(given.seconds, 16 + 8 * given.batches, {}, given.workers))


if __name__ == "__main__":
    main()
