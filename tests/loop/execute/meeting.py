"""A validator for the tests of nodes: says which processes it runs under, and waits as the test has it.

meeting.py FOLDER together     waits until two of its kind run at once, the first time
meeting.py FOLDER hang         waits for good where the file `victim` names a process that it runs under, elsewhere
                               until another one does
"""

import json
import os
import sys
import time
from pathlib import Path


def ancestors() -> list[int]:
    """Process ids from the parent up."""
    found, pid = [], os.getppid()
    while pid > 1:
        found.append(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return found


def may_go(folder: Path, mode: str, parent: int) -> bool:
    """Whether the wait is over."""
    if os.getppid() != parent:
        sys.exit(1)
    if mode == "hang":
        victim = (folder / "victim").read_text()
        return int(victim) not in ancestors() and victim in (folder / "log").read_text().split()
    (folder / f"here-{os.getpid()}").touch()
    return len(list(folder.glob("here-*"))) > 1


def main() -> None:
    """Waits, and answers."""
    folder, mode, parent = Path(sys.argv[1]), sys.argv[2], os.getppid()
    request = json.load(sys.stdin)
    with (folder / "log").open("a") as log:
        log.write(" ".join(map(str, ancestors())) + "\n")
    deadline = time.monotonic() + 300
    while not may_go(folder, mode, parent) and time.monotonic() < deadline:
        time.sleep(0.05)
    verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
    verdict["properties"] = {"liquidus": {"value": 2500.0 + len(request["composition"]), "unit": "K"}}
    json.dump(verdict, sys.stdout)


if __name__ == "__main__":
    main()
