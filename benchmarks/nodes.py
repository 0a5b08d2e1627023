"""Cost from 1 to 8 simulated nodes: raylets of this machine with one CPU each, validations that wait a known time.

    python -m benchmarks.nodes [--nodes 1 2 4 8] [--seconds 10] [--rounds 8]

For each number of nodes a cluster is started, and the real driver, queue and executor run a campaign of so many alloys
that each node validates `rounds` of them. One round before it starts the workers, and is not counted: eight nodes on
one machine start them one after another. Speed is validations per second from the first job handed out to the last
answer; the driver's load is its processor time over that time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.ray_nodes import Nodes, ray_nodes

ROOT = Path(__file__).parents[1]
WAITING = ROOT / "benchmarks" / "common" / "waiting.py"


def drive(folder: Path, nodes: int, seconds: float, rounds: int) -> None:
    """Runs the campaign in this process, and prints what it cost."""
    from loop.campaign import Campaign
    from loop.config.reading import load_config
    from loop.config.schema import ClusterConfig
    from loop.drive.driver import Driver
    from loop.execute.cluster import RayExecutor
    from loop.execute.tasks import ValidationTask, ValidatorSpec

    with Campaign.open(load_config(_configuration(folder, nodes, seconds, rounds))) as campaign:
        executor, spec = (
            RayExecutor(ClusterConfig(workers=nodes, timeout_seconds=2000.0)),
            ValidatorSpec.of_tier(campaign.tiers[0]),
        )
        try:
            alloys = [f"{symbol}:1" for symbol in ("Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W")]
            for number in range(nodes):
                executor.submit(spec, ValidationTask(str(number), alloys[number % len(alloys)]))
            while executor.pending:
                executor.collect(60.0)
            begin = time.process_time()
            Driver(campaign, executor).run(0)
            cpu = time.process_time() - begin
        finally:
            executor.close()
        events = campaign.store.events()
        begun = min(event.at for event in events if event.to_state == "running")
        ended = max(event.at for event in events if event.to_state == "done")
        done = campaign.store.counts()["done"]
    print(json.dumps({"done": done, "seconds": ended - begun, "cpu": cpu}))


def _configuration(folder: Path, nodes: int, seconds: float, rounds: int) -> Path:
    command = [sys.executable, "-I", "-S", str(WAITING), str(seconds)]
    document = {
        "name": "nodes",
        "iterations": 0,
        "space": {"elements": ["Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W", "Zr"]},
        "objectives": ["maximize liquidus"],
        "reference_point": {"liquidus": 2000.0},
        "start": {"validate": nodes * rounds, "from_table": 0.0},
        "validator": {"name": "script", "settings": {"command": command, "properties": ["liquidus"]}},
        "cluster": {"workers": nodes, "timeout_seconds": 2000.0},
        "tracking": {"enabled": False},
        "directory": str(folder),
    }
    path = folder / "nodes.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


def measured(nodes: int, seconds: float, rounds: int) -> dict[str, float]:
    """One cluster: what the driver printed, and the processor seconds of all of Ray's own processes.

    Raises:
        RuntimeError: if the campaign failed.
    """
    # The head's are the trainer's, the scorer's and the driver's.
    with ray_nodes(cpus=2) as cluster, tempfile.TemporaryDirectory() as name:
        for _ in range(nodes):
            cluster.join()
        before = cluster.processor_seconds()
        command = [sys.executable, "-m", "benchmarks.nodes", "--drive", name]
        command += ["--nodes", str(nodes), "--seconds", str(seconds), "--rounds", str(rounds)]
        told = _run(command, cluster)
        return {**told, "ray": cluster.processor_seconds() - before}


def _run(command: list[str], cluster: Nodes) -> dict[str, float]:
    environment = {**cluster.environment, "RAY_ADDRESS": cluster.address, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Prints a line for each number of nodes, and exits with 1 if validations are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--drive", type=Path, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive is not None:
        drive(given.drive, given.nodes[0], given.seconds, given.rounds)
        return
    print(f"validations that wait {given.seconds:g} s, {given.rounds} on each node")
    first, missing = 0.0, 0
    for nodes in given.nodes:
        told = measured(nodes, given.seconds, given.rounds)
        speed = told["done"] / told["seconds"]
        first = first or speed / nodes
        missing += int(nodes * given.rounds - told["done"])
        print(
            f"{nodes} nodes: {told['done']} validations in {told['seconds']:.1f} s, {speed / first:.2f} times "
            f"the speed of one node ({speed * given.seconds / nodes:.1%} of the nodes' time is validation); driver "
            f"{told['cpu'] / told['seconds']:.1%} of a core, {told['cpu'] / told['done'] * 1000:.0f} ms for each "
            f"validation; Ray's own processes {told['ray']:.0f} s",
            flush=True,
        )
    raise SystemExit(missing > 0)


if __name__ == "__main__":
    main()
