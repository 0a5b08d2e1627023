"""The library that makes a disk full: `full_disk.c`, compiled where the tests run and preloaded into a process."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compile_shim(folder: Path) -> Path:
    """`full_disk.c` as a library.

    Raises:
        FileNotFoundError: if there is no ``cc``.
        subprocess.CalledProcessError: if it does not compile.
    """
    made = folder / "full_disk.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made
