"""What is measured in processes of their own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

FIRST_JOB = """
import json, os, resource, sys, time
import loop.drive.validations as validations
from loop.cli.main import main

hand_out = validations.Validations.hand_out

def timed(self):
    hand_out(self)
    if not self.executor.pending:
        return
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    row = {"wall": time.time() - float(os.environ["STARTED"]), "processor": sum(u.ru_utime + u.ru_stime for u in used)}
    import psutil
    children = psutil.Process().children(recursive=True)
    row["ray"] = sum(sum(child.cpu_times()[:2]) for child in children)
    print(json.dumps(row), flush=True)
    self.executor.close()
    os._exit(0)

validations.Validations.hand_out = timed
main(sys.argv[1:])
"""
"""A program: the command line until its first job is handed out, and what that took."""


def models() -> None:
    """Builds a set of elements of a database, of the process's arguments, and prints the processor seconds."""
    from validation.calphad.compiling.functions import Functions
    from validation.calphad.reading.phases import usable
    from validation.calphad.reading.tdbfile import read, reading
    from validation.calphad.solving.records import Shared
    from validation.calphad.solving.system import ElementSystem

    elements = [element.upper() for element in sys.argv[2:]]
    found = reading(read(Path(sys.argv[1])))
    begun = time.process_time()
    functions, shared = Functions(*elements), Shared(Functions("shapes"))
    system = ElementSystem(found.database, elements, usable(found, elements).phases, functions, shared)
    for name in system.surfaces:
        _ = system.records[name]
        for hessian in (False, True):
            system.records.get_phase_property(name, "G", include_grad=not hessian, include_hess=hessian)
    seconds = time.process_time() - begun
    functions.save()
    shared.functions.save()
    print(json.dumps({"seconds": seconds}), flush=True)
