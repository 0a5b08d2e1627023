"""The validator `slurm` against stand-ins for Slurm's commands; see `standin.py` for what these do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Verdict
from loop.jobs import ValidatorSpec
from tests.validation.slurm import standin
from validation.external.slurm import SlurmValidator
from validation.external.slurm_client import Slurm, SlurmError
from validation.registry import make_validator

STANDIN = Path(standin.__file__)
COMMAND = STANDIN.parents[1] / "external" / "command.py"
ALLOY = Composition.parse("HfNbTa")
NAMES = ("sbatch", "squeue", "sacct", "scancel")


class Cluster:
    """The stand-in's folder, and the validator that submits to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cluster"
        self.folder.mkdir(exist_ok=True)
        self.scratch = folder / "scratch"

    def plan(self, **plan: Any) -> None:
        """What goes wrong."""
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def settings(self, mode: str = "good", *paths: str, **run: Any) -> dict[str, Any]:
        """Settings of the validator, quick ones."""
        quick = {"poll_seconds": 0.01, "poll_longest": 0.02, "grace_seconds": 0.1, "time_limit": 60.0}
        return {
            "command": [sys.executable, str(COMMAND), mode, *paths],
            "properties": ["solidus"],
            "run": {
                "scratch": str(self.scratch),
                "environment": ["STANDIN_SLURM"],
                "least_free_mb": 1,
                **quick,
                **run,
            },
        }

    def ask(self, mode: str = "good", *paths: str, **run: Any) -> Verdict:
        """The verdict of a new validator, as a new process would have it."""
        return SlurmValidator(self.settings(mode, *paths, **run)).validate(ALLOY)

    @property
    def log(self) -> list[str]:
        """What the stand-ins were asked and did."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def count(self, word: str) -> int:
        """How many lines of the log begin so."""
        return sum(line.startswith(word) for line in self.log)

    def state(self) -> dict[str, Any]:
        """The stand-in's jobs by number."""
        jobs: dict[str, Any] = json.loads((self.folder / "state.json").read_text())["jobs"]
        return jobs

    @property
    def job_folder(self) -> Path:
        """The one folder of a request."""
        (found,) = self.scratch.iterdir()
        return found


def in_process(self: Slurm, command: Sequence[str]) -> str:
    """A call of the stand-in without a process of its own."""
    status, out, err = standin.call(command[0], list(command[1:]))
    if status != 0:
        raise SlurmError(f"{command[0]} ended with status {status}: {err}")
    return out


def stay_in_process(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the validator call the stand-ins as functions: the same answers, sooner."""
    monkeypatch.setenv("STANDIN_SLURM", str(cluster.folder))
    monkeypatch.setattr(Slurm, "_call", in_process)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: name if name in NAMES else which(name))


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose commands are called in this process."""
    made = Cluster(tmp_path)
    stay_in_process(made, monkeypatch)
    return made


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose commands are programs on the PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NAMES:
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{STANDIN}" {name} "$@"\n')
        program.chmod(0o755)
    made = Cluster(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN_SLURM", str(made.folder))
    return made


def assert_measured(verdict: Verdict) -> None:
    """The command's answer, whole."""
    assert isinstance(verdict, Measured), verdict
    assert verdict.properties["solidus"].value == pytest.approx(4000.0)


RUNS = ["PENDING", "RUNNING", "RUNS"]


@pytest.mark.parametrize(
    ("plan", "run"),
    [
        pytest.param({}, {}, id="as it should be"),
        pytest.param({"sbatch": ["lost"], "hidden": 3}, {"grace_seconds": 30}, id="reply lost and slow to show"),
        pytest.param({"sbatch": ["hangs"]}, {"command_seconds": 1.5, "grace_seconds": 30}, id="no reply"),
    ],
)
def test_one_job_and_its_verdict(installed: Cluster, plan: dict[str, Any], run: dict[str, Any]) -> None:
    assert_one_job(installed, plan, run)


@pytest.mark.parametrize(
    ("plan", "run"),
    [
        pytest.param({"lives": [["RUNS"]]}, {}, id="done before the first look"),
        pytest.param({"kept": True}, {"accounting": False}, id="without accounting"),
        pytest.param({"hidden": 3}, {"grace_seconds": 30}, id="slow to show"),
        pytest.param({"sbatch": ["lost"]}, {"grace_seconds": 30}, id="reply lost"),
        pytest.param({"sbatch": ["garbled"]}, {}, id="another reply"),
        pytest.param({"down": 3}, {}, id="Slurm down at first"),
        pytest.param({"lives": [["CONFIGURING", "NEWER_STATE", "COMPLETING", "RUNS"]]}, {}, id="unknown state"),
        pytest.param({"lives": [["RUNNING", "DONE", "DONE", "RUNS"]]}, {"grace_seconds": 30}, id="files come late"),
    ],
)
def test_one_job_whatever_the_delay(cluster: Cluster, plan: dict[str, Any], run: dict[str, Any]) -> None:
    assert_one_job(cluster, plan, run)


def assert_one_job(cluster: Cluster, plan: dict[str, Any], run: dict[str, Any]) -> None:
    """One submission, one run, its verdict; and the same one, asked again as after a crash before it was stored."""
    cluster.plan(**plan)
    verdict = cluster.ask(**run)
    assert_measured(verdict)
    assert isinstance(verdict, Measured)
    assert verdict.details["slurm_job"] == "101"
    assert cluster.count("sbatch") == cluster.count("ran") == 1
    assert_measured(cluster.ask(**run))
    assert cluster.count("sbatch") == 1


def test_the_verdict_may_come_by_file_and_the_request_too(cluster: Cluster) -> None:
    assert_measured(cluster.ask("good", "{request}", "{verdict}", options=["--partition=short", "--time=00:10:00"]))


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("NODE_FAIL", FailureKind.INFRASTRUCTURE),
        ("PREEMPTED", FailureKind.INFRASTRUCTURE),
        ("BOOT_FAIL", FailureKind.INFRASTRUCTURE),
        ("FAILED", FailureKind.INFRASTRUCTURE),
        ("TIMEOUT", FailureKind.SUSPECT),
        ("OUT_OF_MEMORY", FailureKind.SUSPECT),
        ("DEADLINE", FailureKind.SUSPECT),
        ("CANCELLED", FailureKind.SUSPECT),
    ],
)
def test_a_job_that_ends_without_a_verdict_is_told_once(cluster: Cluster, state: str, kind: FailureKind) -> None:
    cluster.plan(lives=[["RUNNING", state], RUNS])
    verdict = cluster.ask()
    assert isinstance(verdict, Failed), verdict
    assert verdict.kind is kind
    assert f"Slurm job 101 ended as {state}" in verdict.message
    # The next attempt, by the queue or after a person's review, submits another job of the same name.
    assert_measured(cluster.ask())
    assert cluster.count("sbatch") == 2
    assert len({job["name"] for job in cluster.state().values()}) == 1


@pytest.mark.parametrize(
    ("plan", "mode", "run", "kind", "message"),
    [
        pytest.param(
            {"sbatch": ["refused"]},
            "good",
            {},
            FailureKind.INFRASTRUCTURE,
            "no job came of the submission as alloyloop-",
            id="refused",
        ),
        pytest.param(
            {"lives": [["PENDING", "GONE"], RUNS]},
            "good",
            {},
            FailureKind.INFRASTRUCTURE,
            "Slurm job 101 has vanished from squeue and sacct",
            id="vanished",
        ),
        pytest.param(
            {"lives": [["RUNNING", "GHOST"], RUNS]},
            "good",
            {},
            FailureKind.INFRASTRUCTURE,
            "Slurm job 101 has vanished",
            id="running in the accounts alone",
        ),
        pytest.param(
            {"lives": [["RUNNING", "DONE"], RUNS]},
            "good",
            {},
            FailureKind.INFRASTRUCTURE,
            "Slurm job 101 left no verdict",
            id="no verdict",
        ),
    ],
)
def test_machinery_that_fails_is_asked_again(
    cluster: Cluster, plan: dict[str, Any], mode: str, run: dict[str, Any], kind: FailureKind, message: str
) -> None:
    cluster.plan(**plan)
    verdict = cluster.ask(mode, **run)
    assert isinstance(verdict, Failed), verdict
    assert verdict.kind is kind
    assert message in verdict.message
    assert str(cluster.job_folder) in verdict.message
    assert_measured(cluster.ask(mode, **run))
    assert cluster.count("sbatch") == 2


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("fails", FailureKind.INFRASTRUCTURE, "ended as FAILED; it said last: no licence left"),
        ("wrong unit", FailureKind.SUSPECT, "solidus must be in 'K', got 'C'"),
        ("another's", FailureKind.SUSPECT, "answers another request"),
        ("malformed", FailureKind.SUSPECT, "not a JSON document"),
        ("silent", FailureKind.SUSPECT, "it is empty"),
    ],
)
def test_a_bad_answer_is_told_once_and_not_read_again(
    cluster: Cluster, mode: str, kind: FailureKind, message: str
) -> None:
    for attempt in (1, 2):
        verdict = cluster.ask(mode)
        assert isinstance(verdict, Failed), verdict
        assert verdict.kind is kind
        assert message in verdict.message
        assert cluster.count("sbatch") == attempt


def test_what_the_science_refuses_is_an_answer(cluster: Cluster) -> None:
    for _ in range(2):
        verdict = cluster.ask("physics")
        assert isinstance(verdict, Failed)
        assert (verdict.kind, verdict.message) == (FailureKind.PHYSICS, "it does not melt")
    assert cluster.count("sbatch") == 1


def test_of_two_jobs_of_one_name_the_older_is_adopted(cluster: Cluster) -> None:
    cluster.plan(sbatch=["twice"])
    verdict = cluster.ask(grace_seconds=30)
    assert_measured(verdict)
    assert isinstance(verdict, Measured)
    assert verdict.details["slurm_job"] == "101"
    assert [line for line in cluster.log if line.startswith(("job", "ran", "scancel"))] == [
        "job 101",
        "job 102",
        "scancel 102",
        "ran 101 0",
    ]


def test_a_job_that_comes_back_is_adopted(cluster: Cluster) -> None:
    cluster.plan(lives=[["PENDING", "GONE"]])
    verdict = cluster.ask()
    assert isinstance(verdict, Failed)
    assert "vanished" in verdict.message
    state = json.loads((cluster.folder / "state.json").read_text())
    state["jobs"]["101"] |= {"life": RUNS, "age": 0}
    (cluster.folder / "state.json").write_text(json.dumps(state))
    assert_measured(cluster.ask())
    assert cluster.count("sbatch") == 1


def test_waiting_may_end_before_the_job(cluster: Cluster) -> None:
    (cluster.folder / "hold").touch()
    verdict = cluster.ask(time_limit=0.5)
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "within run.time_limit = 0.5 s; its job is left alone" in verdict.message
    (cluster.folder / "hold").unlink()
    assert_measured(cluster.ask())
    assert cluster.count("sbatch") == 1


def test_nothing_is_submitted_while_slurm_does_not_answer(cluster: Cluster) -> None:
    cluster.plan(down=10_000)
    verdict = cluster.ask(time_limit=0.5)
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "Unable to contact slurm controller" in verdict.message
    assert cluster.count("sbatch") == 0


def test_campaigns_do_not_take_each_others_jobs(cluster: Cluster) -> None:
    assert_measured(cluster.ask())
    assert_measured(cluster.ask(scratch=str(cluster.scratch) + "-2"))
    assert cluster.count("sbatch") == 2


def test_the_record_may_be_lost(cluster: Cluster) -> None:
    (cluster.folder / "hold").touch()
    cluster.ask(time_limit=0.5)
    for damage in (Path.unlink, lambda path: path.write_text("{")):
        damage(cluster.job_folder / "submission.json")
        cluster.ask(time_limit=0.5)
    (cluster.folder / "hold").unlink()
    assert_measured(cluster.ask())
    assert cluster.count("sbatch") == 1


@pytest.mark.parametrize(("keep", "left"), [("always", 1), ("failed", 0)])
def test_files_of_an_answer_are_kept_or_not(cluster: Cluster, keep: str, left: int) -> None:
    assert_measured(cluster.ask(keep=keep))
    assert len(list(cluster.scratch.iterdir())) == left


# Crashes ----------------------------------------------------------------------------------------------------

_ASKER = """
import json, sys
from alloys.composition import Composition
from validation.registry import make_validator
make_validator("slurm", json.loads(sys.argv[1])).validate(Composition.parse("HfNbTa"))
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


# What is refused before anything is submitted ---------------------------------------------------------------


def test_slurm_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs sbatch, squeue, scancel, sacct, not installed here"):
        make_validator("slurm", cluster.settings())
    with pytest.raises(InputError, match="needs sbatch, squeue, scancel, not installed here"):
        make_validator("slurm", cluster.settings(accounting=False))


def test_slurm_that_is_missing_on_a_worker(installed: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = installed
    travelled = json.loads(ValidatorSpec.of(SlurmValidator(cluster.settings())).settings)
    monkeypatch.setenv("PATH", str(cluster.folder))
    verdict = make_validator("slurm", travelled).validate(ALLOY)
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "No such file or directory: 'squeue'" in verdict.message


@pytest.mark.parametrize(
    "option",
    ["--job-name=x", "--array=1-3", "--wrap=id", "--export=ALL", "--requeue", "--arr=2", "-p short", "short", "--"],
)
def test_options_that_would_break_the_book_keeping_are_refused(cluster: Cluster, option: str) -> None:
    with pytest.raises(InputError, match=r"run.options: "):
        make_validator("slurm", cluster.settings(options=[option]))


def test_usual_options_pass(cluster: Cluster) -> None:
    usual = [
        "--partition=short",
        "--time=01:00:00",
        "--mem=4G",
        "--account=a",
        "--ntasks=4",
        "--exclusive",
        "--nodes=1",
    ]
    assert make_validator("slurm", cluster.settings(options=usual)).name == "slurm"
