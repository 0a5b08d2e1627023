"""Kills the default campaign at random moments, resumes it, and compares its end with an undisturbed one.

    python -m benchmarks.kills [--kills 20] [--seed 0]

A campaign that ends before all kills have struck is compared and begun anew.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import CONFIG, kill_after, run, status
from loop.config import load_config
from loop.store import CampaignStore, check_store


def undisturbed(config: Path, arguments: Sequence[str]) -> tuple[str, float]:
    """The final dataset digest of a campaign left alone, and its seconds."""
    with tempfile.TemporaryDirectory() as name:
        finished = run(Path(name), config, *arguments)
        if finished.status != 0:
            raise RuntimeError((Path(name) / "run.log").read_text())
        return _digest(Path(name), config), finished.seconds


def disturbed(
    config: Path, arguments: Sequence[str], kills: int, span: tuple[float, float], rng: random.Random
) -> tuple[str, int, list[str]]:
    """Kills a campaign up to so many times, each so many seconds after it was begun or resumed, then lets it end.

    Returns:
        the final digest, how many kills struck, and what is wrong with its history.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, struck = Path(name), 0
        while struck < kills and kill_after(folder, config, rng.uniform(*span), *arguments):
            struck += 1
            print(f"kill {struck}: {_where(folder, config)}", flush=True)
        run(folder, config, *arguments)
        return _digest(folder, config), struck, _problems(folder, config)


def _name(config: Path) -> str:
    return load_config(config).name


def _digest(folder: Path, config: Path) -> str:
    return str(status(folder, _name(config))["dataset_digest"])


def _problems(folder: Path, config: Path) -> list[str]:
    with CampaignStore.open(folder / "campaigns" / _name(config) / "campaign.db") as store:
        problems = list(check_store(store))
        extra = len(store.observations(include_replicates=True)) - len(store.observations())
    return [*problems, *([f"{extra} results came twice"] if extra else [])]


def _where(folder: Path, config: Path) -> str:
    try:
        document = status(folder, _name(config))
    except Exception:
        return "before the database was made"
    queue: dict[str, int] = document["queue"]  # type: ignore[assignment]
    iterations: list[object] = document["iterations"]  # type: ignore[assignment]
    busy = ", ".join(f"{count} {state}" for state, count in queue.items() if count)
    return f"in iteration {len(iterations) - 1}, queue: {busy or 'empty'}"


def main() -> None:
    """Prints what was found, and exits with 1 if an end differs from the undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    arguments = ["--seed", str(given.seed)]
    wanted, seconds = undisturbed(CONFIG, arguments)
    rng, left, wrong = random.Random(given.seed), given.kills, 0
    while left > 0:
        digest, struck, problems = disturbed(CONFIG, arguments, left, (0.5, 0.6 * seconds), rng)
        left -= struck
        wrong += digest != wanted or bool(problems)
        same = "the same digest" if digest == wanted else "ANOTHER digest"
        print(f"campaign ended after {struck} kills: {same}, {'; '.join(problems) or 'nothing lost, nothing twice'}")
    verdict = f"{wrong} campaigns differ" if wrong else "every campaign as undisturbed"
    print(f"{given.kills} kills, final dataset digest {wanted}: {verdict}")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
