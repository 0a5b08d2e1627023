"""Whoever submits may die at any moment, and Slurm may do anything: one job for each question all the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloys.records import FailureKind, Measured
from tests.validation.slurm.cluster import ALLOY, RUNS, Cluster, assert_measured, stay_in_process
from validation.commands.slurm import SlurmValidator

_ASKER = """
import json, sys
from alloys.design import Design
from validation.registry import make_validator
make_validator("slurm", json.loads(sys.argv[1])).validate(Design.parse("HfNbTa"))
"""


def asker(given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Another process that asks, and waits for the job."""
    return subprocess.Popen([sys.executable, "-c", _ASKER, json.dumps(given)])


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits for something that other processes do."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["ok", "hangs"], ids=["while it waits", "while it submits"])
def test_a_job_outlives_who_submitted_it(installed: Cluster, how: str) -> None:
    cluster = installed
    cluster.plan(sbatch=[how])
    (cluster.folder / "hold").touch()
    process = asker(cluster.settings())
    try:
        wait_for(lambda: cluster.count("sbatch") == 1 and (how == "hangs" or cluster.count("squeue") >= 3))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (cluster.folder / "hold").unlink()
    verdict = cluster.ask(grace_seconds=30)
    assert_measured(verdict)
    assert [line for line in cluster.log if not line.startswith("s") or line.startswith("sb")] == [
        f"sbatch {how}",
        "job 101",
        "ran 101 0",
    ]


@pytest.mark.parametrize("cancel", [False, True])
def test_sigterm_may_cancel_the_job(installed: Cluster, cancel: bool) -> None:
    cluster = installed
    (cluster.folder / "hold").touch()
    process = asker(cluster.settings(cancel_on_sigterm=cancel))
    try:
        wait_for(lambda: cluster.count("squeue") >= 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert cluster.count("scancel 101") == int(cancel)


# Any course of events ---------------------------------------------------------------------------------------

_LIVES = st.lists(st.sampled_from(["PENDING", "RUNNING", "GONE", "GHOST", "SUSPENDED"]), max_size=4)
_ENDS = st.sampled_from(["RUNS", "RUNS", "RUNS", "NODE_FAIL", "TIMEOUT", "PREEMPTED", "GONE"])
_PLANS = st.fixed_dictionaries(
    {
        "sbatch": st.lists(st.sampled_from(["ok", "lost", "refused", "garbled", "twice"]), max_size=4),
        "hidden": st.integers(0, 6),
        "lives": st.lists(st.tuples(_LIVES, _ENDS).map(lambda life: [*life[0], life[1]]), max_size=4),
        "kept": st.booleans(),
        "down": st.integers(0, 4),
    }
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=_PLANS)
def test_whatever_happens_there_is_one_answer_and_no_needless_job(
    plan: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(tmp_path_factory.mktemp("any"))
    cluster.plan(**{**plan, "lives": [*plan["lives"], RUNS]})
    stay_in_process(cluster, monkeypatch)
    given = cluster.settings(poll_seconds=1e-4, poll_longest=1e-4, grace_seconds=0.02)
    fake = cluster.folder / "answer"
    fake.write_text(_ANSWER)
    given["command"] = ["sh", str(fake)]
    attempts = 0
    while True:
        attempts += 1
        verdict = SlurmValidator(given).validate(ALLOY)
        if isinstance(verdict, Measured):
            break
        assert verdict.kind is not FailureKind.PHYSICS
        assert attempts <= 12, (verdict, cluster.log)
    assert cluster.count("sbatch") <= attempts
    looks = [(i, line.split()[1:]) for i, line in enumerate(cluster.log) if line.startswith("squeue")]
    for i, live in looks:
        # Nothing is submitted while a job of the name goes on, and of several all but the oldest are cancelled.
        following = cluster.log[i + 1 : i + 3]
        assert not live or not any(line.startswith("sbatch") for line in following), cluster.log
        assert all(f"scancel {number}" in cluster.log[i:] for number in live[1:]), cluster.log


# The command of the tests without the time that Python takes to start.
_ANSWER = """
key=$(sed -n 's/^ "key": "\\(.*\\)",$/\\1/p' request.json)
nonce=$(sed -n 's/^ "nonce": "\\(.*\\)",$/\\1/p' request.json)
printf '{"protocol": 1, "key": "%s", "nonce": "%s", ' "$key" "$nonce"
printf '"properties": {"solidus": {"value": 4000.0, "unit": "K"}}}'
"""
