"""``make audit``: what the advisory service knows of the locked packages; the standard library alone.

pip-audit says "no known vulnerabilities" with status 0 where no package could be looked up. Here that is a failure:
every pin of the lock must have been answered for.

Status 0: all were, and nothing is known against them; 1: something is; 2: not all could be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2
SERVICES = ("pypi", "osv")
"""Services, asked in this order until one has answered for every package."""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def pins(lock: Path) -> set[str]:
    """The names of the lock's packages, as the index writes them."""
    lines = (line.partition("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return {_normal(line.partition("==")[0]) for line in lines if line}


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def ask(command: Sequence[str], lock: Path, service: str) -> list[dict[str, Any]]:
    """What a service says of each package; nothing where it does not answer."""
    words = ["--requirement", str(lock), "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, *words, "--vulnerability-service", service], capture_output=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        _say(f"{service}: no answer: {last[:300]}")
        return []
    return found


def judge(wanted: set[str], answers: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """The status, and what to say.

    Args:
        wanted: names of the lock's packages.
        answers: as pip-audit's JSON has them: ``name``, and ``version`` and ``vulns`` or ``skip_reason``.
    """
    told = {_normal(answer["name"]): answer for answer in answers if "vulns" in answer}
    lines = [
        f"{name} {answer['version']}: {vuln['id']}, mended in {', '.join(vuln['fix_versions']) or 'no version yet'}"
        for name, answer in sorted(told.items())
        for vuln in answer["vulns"]
    ]
    status = VULNERABLE if lines else CLEAN
    missing = sorted(wanted - set(told))
    if missing:
        names = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
        lines.append(f"NOT AUDITED: {len(missing)} of {len(wanted)} packages could not be looked up ({names})")
        status = status or UNKNOWN
    return status, lines


def main(arguments: Sequence[str]) -> int:
    """``LOCK COMMAND...``: audits a lock by a command of pip-audit's."""
    lock, command = Path(arguments[0]), arguments[1:]
    wanted = pins(lock)
    best: tuple[int, list[str]] = (UNKNOWN, [f"NOT AUDITED: none of {len(wanted)} packages could be looked up"])
    for service in SERVICES:
        status, lines = judge(wanted, ask(command, lock, service))
        if status == CLEAN:
            _say(f"{lock}: {len(wanted)} packages, nothing is known against them ({service})")
            return CLEAN
        best = min(best, (status, lines))  # what is vulnerable comes before what is unknown
        if status == VULNERABLE:
            break
    _say("\n".join(best[1]))
    if best[0] == UNKNOWN:
        _say("The advisory services (pypi.org, api.osv.dev) must be reachable; this says nothing about the packages.")
    return best[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
