"""sbatch, squeue, sacct and scancel as Slurm's behave, one computer and one folder standing for the cluster.

``standin.py NAME ARGUMENTS...`` is one call of the command NAME. The folder is named by STANDIN_SLURM; ``plan.json``
there says what goes wrong:

- ``sbatch``: for each call ``ok``, ``lost`` (the job is made, the reply is not), ``hangs`` (the job is made, no reply
  ever), ``refused`` (no job), ``full`` (no job: the user has as many as allowed), ``garbled`` (another reply),
  ``twice`` (two jobs, no reply). The last is ``ok``.
- ``hidden``: how many looks of squeue and sacct do not see a new job.
- ``lives``: for each job its states, one for each look of squeue once it is seen; the last one stays. ``RUNS`` runs
  the script: COMPLETED, or FAILED where its exit status is not 0. ``GONE`` is in neither list, ``GHOST`` is RUNNING in
  sacct alone, ``DONE`` is COMPLETED though nothing ran (yet). The last list holds for every further job.
- ``kept``: whether squeue lists ended jobs too.
- ``down``: how many first calls of squeue fail.

While the file ``hold`` is there, no job moves on. Each call adds a line to ``log``, squeue and sacct with the jobs
that they listed and that have not ended. Standard library alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

State = dict[str, Any]
PLAN: State = {"sbatch": [], "hidden": 0, "lives": [["PENDING", "RUNNING", "RUNS"]], "kept": False, "down": 0}
ENDED = "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED TIMEOUT".split()
KNOWN = {
    "sbatch": "--parsable --job-name --comment --chdir --output --error --no-requeue --export --partition --time --mem",
    "squeue": "--me --noheader --states --name --format",
    "sacct": "--noheader --parsable2 --allocations --name --starttime --format",
    "scancel": "",
}


def folder() -> Path:
    """Where the cluster is."""
    return Path(os.environ["STANDIN_SLURM"])


@contextlib.contextmanager
def locked() -> Iterator[State]:
    """The cluster's state, for one call at a time."""
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder() / "state.json"
        state: State = json.loads(path.read_text()) if path.exists() else {"calls": {}, "jobs": {}}
        yield state
        # Whoever called may be killed at any moment; the cluster goes on.
        part = path.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1))
        part.replace(path)


def log(text: str) -> None:
    """One line of what happened."""
    with (folder() / "log").open("a") as stream:
        stream.write(text + "\n")


def plan() -> State:
    """What goes wrong."""
    path = folder() / "plan.json"
    return {**PLAN, **(json.loads(path.read_text()) if path.exists() else {})}


def parsed(name: str, arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options by name and the rest; an option that the command does not have ends it, as Slurm's do."""
    options, rest = {}, []
    for text in arguments:
        if not text.startswith("--"):
            rest.append(text)
            continue
        key, _, value = text.partition("=")
        if key not in KNOWN[name].split():
            sys.stderr.write(f"{name}: unrecognized option '{text}'\n")
            sys.exit(1)
        options[key] = value
    return options, rest


def make_job(state: State, options: dict[str, str], script: str) -> str:
    """A new job; the older one of two has the earlier time."""
    count = len(state["jobs"])
    lives = plan()["lives"]
    number = str(101 + count)
    state["jobs"][number] = {
        "number": number,
        "name": options["--job-name"],
        "submitted": f"2026-03-01T12:{count // 60:02d}:{count % 60:02d}",
        "script": script,
        "folder": options["--chdir"],
        "unseen": plan()["hidden"],
        "options": options,
        "life": lives[min(count, len(lives) - 1)],
        "age": 0,
        "end": None,
    }
    log(f"job {number}")
    return number


def sbatch(arguments: list[str]) -> int:
    """Submits."""
    options, (script,) = parsed("sbatch", arguments)
    with locked() as state:
        count = state["calls"].get("sbatch", 0)
        state["calls"]["sbatch"] = count + 1
        todo = plan()["sbatch"]
        how = todo[count] if count < len(todo) else "ok"
        log(f"sbatch {how}")
        numbers = [make_job(state, options, script) for _ in range({"refused": 0, "full": 0, "twice": 2}.get(how, 1))]
    if how == "hangs":
        time.sleep(600)
    if how == "refused":
        sys.stderr.write("sbatch: error: Batch job submission failed: Unable to contact slurm controller\n")
    if how == "full":
        sys.stderr.write("sbatch: error: QOSMaxSubmitJobPerUserLimit\n")
    if how in ("lost", "twice"):
        sys.stderr.write("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n")
    if how in ("ok", "garbled"):
        sys.stdout.write(f"{numbers[0]}\n" if how == "ok" else f"Submitted batch job {numbers[0]}\n")
        return 0
    return 1


def now(job: State) -> str:
    """A job's state, its script run where that is due."""
    if job["end"] is not None:
        return str(job["end"])
    word: str = job["life"][min(job["age"], len(job["life"]) - 1)]
    if word == "RUNS":
        job["end"] = run(job)
        return str(job["end"])
    if word in ENDED and job["age"] >= len(job["life"]) - 1:
        job["end"] = word
    return "COMPLETED" if word == "DONE" else word


def run(job: State) -> str:
    """Runs a job's script as Slurm would."""
    number = job["number"]
    place = Path(job["folder"])
    environment = {**os.environ, "SLURM_JOB_ID": number}
    with (place / f"slurm-{number}.out").open("w") as out, (place / f"slurm-{number}.err").open("w") as err:
        done = subprocess.run(
            ["/bin/sh", job["script"]], cwd=place, env=environment, stdout=out, stderr=err, check=False
        )
    log(f"ran {number} {done.returncode}")
    return "COMPLETED" if done.returncode == 0 else "FAILED"


def listed(name: str, state: State, wanted: str, show: Callable[[str], str | None]) -> None:
    """Prints the jobs of a name; ``show`` says as what, or None."""
    going = []
    for job in state["jobs"].values():
        if job["name"] != wanted or job["unseen"] > 0:
            continue
        word = show(now(job))
        if word is None:
            continue
        if word.split()[0] not in ENDED:
            going.append(job["number"])
        fields = [job["number"], job["name"], word, job["submitted"]]
        sys.stdout.write("|".join(fields) + "\n")
    log(" ".join([name, *going]))


def squeue(arguments: list[str]) -> int:
    """Lists jobs that have not ended, and lets time pass: every look is a moment."""
    options, _ = parsed("squeue", arguments)
    with locked() as state:
        count = state["calls"].get("squeue", 0)
        state["calls"]["squeue"] = count + 1
        if count < plan()["down"]:
            sys.stderr.write("slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
            return 1
        ended = ENDED if not plan()["kept"] else []
        listed("squeue", state, options["--name"], lambda w: None if w in ("GONE", "GHOST", *ended) else w)
        if not (folder() / "hold").exists():
            for job in state["jobs"].values():
                if job["unseen"] > 0:
                    job["unseen"] -= 1
                else:
                    job["age"] += 1
    return 0


def sacct(arguments: list[str]) -> int:
    """Lists all jobs; without a time to begin at only those since midnight, which here are none."""
    options, _ = parsed("sacct", arguments)
    if "--starttime" not in options or "--parsable2" not in options:
        return 0
    shown = {"GONE": None, "GHOST": "RUNNING", "CANCELLED": "CANCELLED by 1000"}
    with locked() as state:
        listed("sacct", state, options["--name"], lambda word: shown.get(word, word))
    return 0


def scancel(arguments: list[str]) -> int:
    """Cancels."""
    _, numbers = parsed("scancel", arguments)
    with locked() as state:
        for number in numbers:
            log(f"scancel {number}")
            job = state["jobs"][number]
            job["end"] = job["end"] or "CANCELLED"
    return 0


def main(name: str, arguments: list[str]) -> int:
    """One call."""
    commands = {"sbatch": sbatch, "squeue": squeue, "sacct": sacct, "scancel": scancel}
    return commands[name](arguments)


def call(name: str, arguments: list[str]) -> tuple[int, str, str]:
    """One call in this process: exit status, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(name, arguments)
        except SystemExit as stop:
            status = int(stop.code or 0)
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
