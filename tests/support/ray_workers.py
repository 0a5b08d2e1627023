"""The processes below a driver on Ray: which are at work, and which outlive it."""

from __future__ import annotations

from contextlib import suppress

import psutil

from loop.execute.tasks import do_validation

_TITLES = {"validator": f"ray::{do_validation.__name__}", "trainer": "ray::training "}
GONE_SECONDS = 30.0
"""How long a dead driver's processes may outlive it."""
AGENT_SECONDS = 90.0
"""The same for Ray's agents, which do no work of a campaign: they look for a head that is gone for 60 s."""
_AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")


def family(pid: int) -> list[psutil.Process]:
    """Every process below one."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def workers(pid: int) -> dict[str, list[psutil.Process]]:
    """Ray's workers below a driver that are at work: validators and trainers, by the titles of their processes."""
    found: dict[str, list[psutil.Process]] = {kind: [] for kind in _TITLES}
    for process in family(pid):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            title = process.cmdline()[:1]
            for kind, begins in _TITLES.items():
                if title and title[0].startswith(begins):
                    found[kind].append(process)
    return found


def left_alive(processes: list[psutil.Process], seconds: float = GONE_SECONDS) -> list[psutil.Process]:
    """Which of a dead driver's processes still live after so many seconds."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    agents = [p for p in alive if _is_agent(p)]
    _, stuck = psutil.wait_procs(agents, timeout=max(0.0, AGENT_SECONDS - seconds))
    alive = [p for p in alive if p not in agents] + stuck
    return [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def _is_agent(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.name().startswith(_AGENTS)
    return False
