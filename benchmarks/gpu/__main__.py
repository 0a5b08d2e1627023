"""Every figure that a GPU owes, each beside the same work on the CPU, in less than eight minutes.

    python -m benchmarks.gpu [--steps trainings,actors,ranking,cgan,run] [--small]

trainings  every family, on the GPU in float32 and bfloat16, and on the CPU: seconds, losses, samples in a second.
actors     an ensemble of one family, and all families, one after another and then side by side in actors that share
           the GPU.
ranking    the posterior of every modelled property for a million candidates.
cgan       the papers' conditional network: its training, and two million samples.
run        the first campaign, `configs/quickstart.yaml`.

Each step is a process with a time limit: one that fails, or is ended, costs its own figures alone. Where there is no
GPU, the same code runs on the CPU twice, and the lines say so. With ``--small`` every step is a trial of seconds.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

import torch

from benchmarks.gpu.steps import STEPS, machine

LIMIT = 470.0
"""Seconds that all steps have together."""


def step(name: str, seconds: float, *, small: bool) -> str:
    """Runs one step in a process of its own, which is ended after so many seconds; how that went."""
    call = [sys.executable, "-m", "benchmarks.gpu", "--alone", name, *(["--small"] if small else [])]
    process = subprocess.Popen(call, start_new_session=True)
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "ended at its limit"
    return "done" if status == 0 else f"failed with status {status}"


def main() -> None:
    """Runs the steps one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--small", action="store_true", help="a trial of seconds")
    parser.add_argument("--alone", choices=STEPS, help="this step, in this process, without a limit")
    given = parser.parse_args()
    if given.alone:
        torch.set_num_threads(1)
        STEPS[given.alone].work(small=given.small)
        return
    print(machine(), flush=True)
    end, failed = time.monotonic() + LIMIT, []
    for name in given.steps.split(","):
        begun = time.monotonic()
        limit = min(STEPS[name].seconds, end - begun)
        print(f"== {name}: at most {limit:.0f} s", flush=True)
        went = step(name, limit, small=given.small)
        print(f"== {name}: {went}, {time.monotonic() - begun:.0f} s", flush=True)
        failed += [name] * (went != "done")
    sys.exit(f"without all their figures: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
