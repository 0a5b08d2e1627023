"""The validator `slurm` against stand-ins for Slurm's commands; see `standin.py` for what these do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError
from alloys.records import UNADJUSTED, Failed, FailureKind, Measured
from loop.execute.tasks import ValidatorSpec
from tests.validation.slurm.cluster import ALLOY, RUNS, Cluster, assert_measured
from validation.commands.slurm import SlurmValidator
from validation.registry import make_validator


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
        ("TIMEOUT", FailureKind.RESOURCE),
        ("OUT_OF_MEMORY", FailureKind.RESOURCE),
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
            {"sbatch": ["full"]},
            "good",
            {},
            FailureKind.CAPACITY,
            "QOSMaxSubmitJobPerUserLimit",
            id="no room",
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


@pytest.mark.parametrize(
    ("state", "name", "options"),
    [
        ("OUT_OF_MEMORY", "memory_mb", ["--mem=1000M", "--mem=2000M", "--mem=3000M"]),
        ("TIMEOUT", "job_seconds", ["--time=16:40", "--time=33:20", "--time=50:00"]),
    ],
)
def test_a_job_that_reached_its_limit_is_submitted_with_more(
    cluster: Cluster, state: str, name: str, options: list[str]
) -> None:
    cluster.plan(lives=[["RUNNING", state], ["RUNNING", state], RUNS])
    validator = SlurmValidator(cluster.settings(**{name: 1000, "most": {name: 3000}}))
    given = UNADJUSTED
    for asked in (2000, 3000):
        verdict = validator.adjusted(given).validate(ALLOY)
        assert isinstance(verdict, Failed)
        assert (verdict.kind, dict(verdict.ask)) == (FailureKind.RESOURCE, {name: asked})
        given = given.after(verdict)
    assert_measured(validator.adjusted(given).validate(ALLOY))
    told = [job["options"] for job in cluster.state().values()]
    assert [f"{key}={job[key]}" for job in told for key in ("--mem", "--time") if key in job] == options


def test_a_limit_is_given_once(cluster: Cluster) -> None:
    with pytest.raises(InputError, match="give either memory_mb or the option '--mem=4G', not both"):
        make_validator("slurm", cluster.settings(memory_mb=1000, options=["--mem=4G"]))


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
    assert verdict.kind is FailureKind.CAPACITY  # it has not begun
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
