"""Parses a thermodynamic database from standard input and says whether it parses; a program of its own, with limits.

Arguments: seconds of processor time for the text, bytes of address space. Status 0: it parses; 3: it does not, and the
reason is on standard output; 4: memory. Past its time the system ends it.
"""

from __future__ import annotations

import math
import resource
import signal
import sys

IMPORT_SECONDS = 60
"""Processor time that loading pycalphad may take."""
_DOES_NOT_PARSE, _MEMORY = 3, 4


def limit(seconds: int, memory: int) -> None:
    """Limits this process to so many more seconds of processor time, and to an address space in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime) + seconds
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # its default writes a core file; the hard limit ends the process too
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def parse(text: str) -> None:
    """Parses TDB text, and raises whatever pyparsing and its actions raise."""
    from pycalphad import Database

    Database.from_string(text, fmt="tdb")


def main(seconds: int, memory: int) -> int:
    """Parses under limits of processor time in s and address space in bytes; returns the exit status."""
    limit(IMPORT_SECONDS + seconds, memory)
    text = sys.stdin.read()
    try:
        import pycalphad  # noqa: F401  loading it takes its time on a slow machine, which is not the database's

        limit(seconds, memory)
        parse(text)
    except (MemoryError, ImportError):  # a library that finds no room cannot be loaded
        return _MEMORY
    except Exception as error:  # the parser raises whatever pyparsing and its actions raise
        sys.stdout.write((str(error).strip() or type(error).__name__).splitlines()[0][:300])
        return _DOES_NOT_PARSE
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
