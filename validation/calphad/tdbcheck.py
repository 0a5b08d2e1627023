"""Parses a thermodynamic database from standard input and says whether it parses; a program of its own, with limits.

Arguments: seconds of processor time, bytes of address space. Status 0: it parses; 3: it does not, and the reason is on
standard output; 4: memory. Past its time the system ends it.
"""

from __future__ import annotations

import resource
import signal
import sys

_DOES_NOT_PARSE, _MEMORY = 3, 4


def main(seconds: int, memory: int) -> int:
    """Parses under limits of processor time in s and address space in bytes; returns the exit status."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # its default writes a core file; the hard limit ends the process too
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    text = sys.stdin.read()
    try:
        from pycalphad import Database

        Database.from_string(text, fmt="tdb")
    except (MemoryError, ImportError):  # a library that finds no room cannot be loaded
        return _MEMORY
    except Exception as error:  # the parser raises whatever pyparsing and its actions raise
        sys.stdout.write((str(error).strip() or type(error).__name__).splitlines()[0][:300])
        return _DOES_NOT_PARSE
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
