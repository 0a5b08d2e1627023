"""Python, its packages, the processors, the terminal and the clock."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import Requirement

from loop.cli.doctor.finding import Finding, Health, judged

_OLDEST = (3, 11)
_SKEW_SECONDS = 5.0
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that is before this was never set."""
_EXTRAS = {
    "postgresql": "campaigns on a server: pip install 'alloyloop[postgresql]'",
    "bayesian": "surrogate.inference: bayesian: pip install 'alloyloop[bayesian]'",
    "dft": "the validator dft: make setup-dft",
}


def python() -> Finding:
    """The interpreter."""
    where = "in an environment of its own" if sys.prefix != sys.base_prefix else "of the system"
    too_old = sys.version_info < _OLDEST
    advice = "install Python 3.11 or later, then make PYTHON=python3.11" if too_old else ""
    return judged("Python", f"{platform.python_version()} {where}, {sys.executable}", advice)


def packages() -> Iterator[Finding]:
    """What alloyloop asks for, and what parts of it ask for besides."""
    wanted = [Requirement(text) for text in importlib.metadata.requires("alloyloop") or []]
    plain = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    lacking = _lacking(plain)
    advice = "make setup, or pip install -r requirements.lock" if lacking else ""
    yield judged("packages", "; ".join(lacking) or f"all {len(plain)} that are asked for", advice)
    for extra, what in _EXTRAS.items():
        lacking = _lacking([each for each in wanted if each.marker and each.marker.evaluate({"extra": extra})])
        found = "; ".join(lacking) or "installed"
        health = Health.MISSING if lacking else Health.OK
        yield Finding(f"packages, {extra}", health, found, f"only for {what}" if lacking else "", needed=False)


def _lacking(wanted: list[Requirement]) -> list[str]:
    """Packages that are not there, or of another version."""
    found = []
    for each in wanted:
        try:
            version = importlib.metadata.version(each.name)
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{each.name} is not installed")
            continue
        if not each.specifier.contains(version, prereleases=True):
            found.append(f"{each.name} {version} is not {each.specifier}")
        found += _lacking(_of_extras(each))
    return found


def _of_extras(wanted: Requirement) -> list[Requirement]:
    """What a package asks for besides where some of its extras are wanted, as ``botorch[fully-bayesian]``."""
    besides = [Requirement(text) for text in importlib.metadata.requires(wanted.name) or [] if wanted.extras]
    return [
        each
        for each in besides
        if each.marker
        and any(each.marker.evaluate({"extra": extra}) for extra in wanted.extras)
        and not each.marker.evaluate({"extra": ""})
    ]


def processors() -> Finding:
    """Cores that this process may use, and the threads that it is told to use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS", "")
    found = f"{cores} cores, OMP_NUM_THREADS {threads or 'not set'}"
    advice = "" if threads or cores == 1 else "export OMP_NUM_THREADS=1: threads that wait for one another cost time"
    return Finding("processors", Health.OK, found, advice, needed=False)


def terminal() -> Finding:
    """Whether the output may have letters beyond ASCII."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    advice = "" if encoding.replace("-", "") == "utf8" else "export LANG=C.UTF-8 (or PYTHONUTF8=1): tables have – and °"
    place = "a terminal" if sys.stdout.isatty() else "no terminal"
    found = f"{encoding}, LANG {os.environ.get('LANG') or 'not set'}, {place}"
    return judged("locale", found, advice, needed=False)


def clock(folder: Path) -> Finding:
    """The time, its zone, and whether the disk's clock agrees with it."""
    now = datetime.now().astimezone()
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        skew = Path(file.name).stat().st_mtime - time.time()
    found = f"{now:%Y-%m-%d %H:%M:%S} {now.tzname()}, the disk's clock {skew:+.1f} s"
    if now < _BUILT:
        return judged("clock", found, "set the clock: leases and waits of the queue follow it")
    advice = "set the clocks of this machine and of the disk's server" if abs(skew) > _SKEW_SECONDS else ""
    return judged("clock", found, advice)
