"""What does the work: Ray, a GPU, DFT; and what shows it: free ports, a browser."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from alloys.errors import InputError, first_line, without_secrets
from loop.cli.doctor.finding import Finding, Health, judged

_PORTS = {5000: "the MLflow UI; `alloyloop ui --port` takes another", 8265: "Ray's dashboard; Ray takes another"}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, not written
_LEAST_SHARED = 2 * 10**9


def ray(address: str = "local", *, needed: bool) -> Finding:
    """Ray's version, where its cluster is, and the memory that its processes share; it is not started.

    Args:
        address: where the cluster is unless the environment names another.
        needed: whether a campaign cannot do without.
    """
    if importlib.util.find_spec("ray") is None:
        advice = "make setup; or cluster: {executor: local}, which works in one process"
        return Finding("Ray", Health.MISSING, "not installed", advice, needed)
    address = os.environ.get("RAY_ADDRESS") or address
    place = "a cluster of its own" if address == "local" else f"cluster at {without_secrets(address)}"
    found = f"{importlib.metadata.version('ray')}, {place}"
    if address != "local":
        from loop.execute.cluster import refuse_dead  # late: Ray imports for seconds

        try:
            refuse_dead(address)
        except InputError as error:
            return judged("Ray", found, str(error), needed=needed)
    free = shutil.disk_usage(_SHARED_MEMORY).free if _SHARED_MEMORY.is_dir() else None
    if free is None:
        return judged("Ray", found, needed=needed)
    few = "give the container more (docker run --shm-size=2g): Ray is slow on a disk" if free < _LEAST_SHARED else ""
    return judged("Ray", f"{found}, {free / 1e9:.1f} GB of shared memory", few, needed=False)


def gpu() -> Finding:
    """What torch can compute on."""
    import torch  # late: takes a second

    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for processors"
        advice = "nothing, unless this machine has a GPU: then install torch for it, and its driver"
        return Finding(
            "GPU", Health.MISSING, f"none that torch {torch.__version__} ({built}) sees", advice, needed=False
        )
    names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return judged("GPU", f"{names}, torch {torch.__version__}")


def dft(*, needed: bool) -> Finding:
    """ASE, GPAW and its datasets."""
    lacking = [name for name in ("ase", "gpaw", "sqsgenerator") if importlib.util.find_spec(name) is None]
    if lacking:
        return Finding(
            "DFT", Health.MISSING, f"no {', '.join(lacking)}", "only for the validator dft: make setup-dft", needed
        )
    from validation.registry import make_validator  # late: with ASE

    try:
        make_validator("dft", {})
    except InputError as error:
        return judged("DFT", first_line(error), "make setup-dft", needed=needed)
    return judged(
        "DFT", f"ASE {importlib.metadata.version('ase')}, GPAW {importlib.metadata.version('gpaw')}, datasets found"
    )


def ports() -> Iterator[Finding]:
    """Whether the ports of what shows campaigns are free."""
    for port, use in _PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        yield judged(f"port {port}", "taken" if taken else "free", f"for {use}" if taken else "", needed=False)


def browser() -> Finding:
    """Chromium, which prints reports."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        return Finding(
            "browser", Health.MISSING, "no Chromium", "only for `report --pdf`: make setup-browser", needed=False
        )
    return judged("browser", found, needed=False)
