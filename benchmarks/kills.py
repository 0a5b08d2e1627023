"""Kills the default campaign at random moments, resumes it, and compares its end with an undisturbed one.

python -m benchmarks.kills [--kills 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from benchmarks.processes import CONFIG, kill_after, run, status
from loop.store import CampaignStore, check_store


def undisturbed(arguments: list[str]) -> tuple[str, float]:
    """The final dataset digest of a campaign left alone, and its seconds."""
    with tempfile.TemporaryDirectory() as name:
        finished = run(Path(name), CONFIG, *arguments)
        return str(status(Path(name), "refractory")["dataset_digest"]), finished.seconds


def disturbed(arguments: list[str], kills: int, seconds: float, rng: random.Random) -> tuple[str, int, list[str]]:
    """The final digest after so many kills, how many struck, and what the history checker found."""
    with tempfile.TemporaryDirectory() as name:
        folder, struck = Path(name), 0
        for number in range(kills):
            # Start-up takes several seconds; later kills strike deeper.
            if kill_after(folder, CONFIG, rng.uniform(0.5, 8.0 + seconds / 4), *arguments):
                struck += 1
                print(f"kill {number + 1} of {kills}: {_where(folder)}", flush=True)
        run(folder, CONFIG, *arguments)
        digest = str(status(folder, "refractory")["dataset_digest"])
        with CampaignStore.open(folder / "campaigns" / "refractory" / "campaign.db") as store:
            problems = check_store(store)
            extra = len(store.observations(include_replicates=True)) - len(store.observations())
            if extra:
                problems.append(f"{extra} results came twice")
        return digest, struck, problems


def _where(folder: Path) -> str:
    if not (folder / "campaigns" / "refractory" / "campaign.db").is_file():
        return "before the database was made"
    try:
        document = status(folder, "refractory")
    except Exception:
        return "while the database was made"
    queue: dict[str, int] = document["queue"]  # type: ignore[assignment]
    iterations: list[object] = document["iterations"]  # type: ignore[assignment]
    busy = ", ".join(f"{count} {state}" for state, count in queue.items() if count)
    return f"in iteration {len(iterations) - 1}, queue: {busy or 'empty'}"


def main() -> None:
    """Prints what was found, and exits with 1 if the two ends differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    arguments = ["--seed", str(given.seed)]
    wanted, seconds = undisturbed(arguments)
    digest, struck, problems = disturbed(arguments, given.kills, seconds, random.Random(given.seed))
    print(f"{struck} kills struck; digest {'the same' if digest == wanted else 'DIFFERENT'}: {digest}")
    print("history: " + ("; ".join(problems) or "nothing lost, no result twice"))
    raise SystemExit(digest != wanted or bool(problems))


if __name__ == "__main__":
    main()
