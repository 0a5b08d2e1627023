"""Reads a thermodynamic database from standard input and writes what it says; a program of its own, with limits.

Arguments: seconds of processor time for the text, bytes of address space. Status 0: what it says is on standard output,
as `stored` writes it; 3: it cannot be read, and the reason is there; 4: memory. Past its time the system ends it.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import sys

IMPORT_SECONDS = 60
"""Processor time that loading pycalphad may take."""
UNREADABLE, MEMORY = 3, 4
ENVIRONMENT = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")},
    # pycalphad imports matplotlib, which could not be imported with every person's settings.
    "MPLBACKEND": "agg",
    "MATPLOTLIBRC": os.devnull,
}
"""What programs that use pycalphad have in their environment; they begin in a folder without a matplotlibrc."""


def limit(seconds: int, memory: int) -> None:
    """Limits this process to so many more seconds of processor time, and to an address space in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime) + seconds
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # its default writes a core file; the hard limit ends the process too
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(seconds: int, memory: int) -> int:
    """Reads under limits of processor time in s and address space in bytes; returns the exit status."""
    limit(IMPORT_SECONDS + seconds, memory)
    text = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
    try:
        import matplotlib

        matplotlib.get_configdir = matplotlib.get_data_path  # a person's folder may hold styles that are no text
        # Loading takes its time on a slow machine, which is not the database's.
        from validation.calphad.errors import DatabaseError
        from validation.calphad.reading.grammar import read_text
        from validation.calphad.reading.stored import dumped

        limit(seconds, memory)
        try:
            sys.stdout.buffer.write(dumped(read_text(text)))
        except DatabaseError as error:
            sys.stdout.buffer.write(str(error).encode("utf-8", "replace"))
            return UNREADABLE
    except (MemoryError, ImportError):  # a library that finds no room cannot be loaded
        return MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
