"""SIGKILL over drivers, validators and trainers: nothing lost, nothing accepted twice, the same end as undisturbed.

    python -m benchmarks.kills [--drivers 110] [--fights 40] [--unlocked 14] [--ray-drivers 6] [--ray-workers 30]
                               [--steps 1000] [--no-bugs] [--seed 0]

Drivers die in campaigns that run in one process, forked from one that has its modules loaded, at random moments and
once at each named step: before and after every transaction of the store and call of the executor, before each commit
and each rename. Validators, trainers and further drivers die on a Ray cluster, in a campaign begun as a person does.
Last, three mistakes are planted, one after the other, which the same checks must find.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.kills.disturbed import Tally, at_random, at_steps, nothing, recorded_steps, unlocked
from benchmarks.kills.on_ray import strike_ray
from benchmarks.kills.planted import BUGS
from benchmarks.kills.steps import Step
from tests.support.forked import End, Forked, warm_up, write_tiny

ITERATIONS = 1
ROUNDS = 10


def undisturbed() -> tuple[End, float]:
    """The end of the campaign left alone, and its seconds in a forked process."""
    wanted = warm_up(iterations=ITERATIONS)
    with tempfile.TemporaryDirectory() as name:
        config = write_tiny(Path(name), iterations=ITERATIONS)
        begin = time.monotonic()
        Forked.start(Path(name), ["run", str(config)]).wait()
        return wanted, time.monotonic() - begin


def find_bug(plant: Callable[[], None], wanted: End, span: float, rng: random.Random) -> tuple[str, int]:
    """What the checks find first of a planted mistake, and after how many kills; empty where they find nothing."""
    tally = Tally()
    steps = [Step("finish", "before the commit of", number) for number in (1, 2)]
    steps += [Step("collect", "before", 2)]
    rounds: list[Callable[[], None]] = [lambda step=step: at_steps([step], tally, wanted, plant) for step in steps]
    rounds += [lambda: at_random(3, span, rng, tally, wanted, plant, fight=False)] * 4
    rounds += [lambda: unlocked(3, span, rng, tally, wanted, plant)] * 4
    for strike in rounds:
        strike()
        wrong = [line for line in tally.wrong if "was not reached" not in line]
        if wrong:
            return wrong[0], tally.total
    return "", tally.total


def _share(count: int, turn: int) -> int:
    """A turn's part of so many."""
    return count * (turn + 1) // ROUNDS - count * turn // ROUNDS


def _report(tally: Tally, wanted: End, begin: float) -> None:
    for what, count in tally.kills.items():
        print(f"  {count:4d} {what}")
    print(f"{tally.total} SIGKILLs over {tally.campaigns} campaigns in {time.monotonic() - begin:.0f} s")
    print(f"results lost: {tally.lost}; late ones kept as replicates, which teach nothing: {tally.replicates}")
    print(f"second drivers refused while the first lived: {tally.refused}, let in: {tally.admitted}")
    print(f"wrong ends: {len(tally.wrong)}; undisturbed digest {wanted.digest}")
    for line in tally.wrong:
        print(f"  {line}")


def main() -> None:
    """Prints what was found; exits with 1 where an end differs or a planted mistake is not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", type=int, default=110, help="kills of a driver at random moments")
    parser.add_argument("--fights", type=int, default=40, help="the same, each beside a second driver")
    parser.add_argument("--unlocked", type=int, default=14, help="the same with both past the lock")
    parser.add_argument("--ray-drivers", type=int, default=6, help="kills of a driver on Ray")
    parser.add_argument("--ray-workers", type=int, default=30, help="kills of validators and trainers on Ray")
    parser.add_argument("--steps", type=int, default=1000, help="at most so many named steps")
    parser.add_argument("--no-bugs", action="store_true", help="without the planted mistakes")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, tally, begin = random.Random(given.seed), Tally(), time.monotonic()
    wanted, span = undisturbed()
    steps = recorded_steps(wanted, rng)
    rng.shuffle(steps)
    print(f"undisturbed: {span:.1f} s, {wanted.accepted} results, {len(steps)} named steps", flush=True)
    parts: list[Callable[[], None]] = [lambda: at_steps(islice(steps, given.steps), tally, wanted)]
    for turn in range(ROUNDS):  # mixed, so that a run that is ended early has some of each
        share = partial(_share, turn=turn)
        parts += [
            partial(at_random, share(given.drivers), span, rng, tally, wanted, nothing, fight=False),
            partial(at_random, share(given.fights), span, rng, tally, wanted, nothing, fight=True),
            partial(unlocked, share(given.unlocked), span, rng, tally, wanted),
        ]
    parts.append(lambda: strike_ray(given.ray_drivers, given.ray_workers, rng, tally))
    try:
        for part in parts:
            part()
            print(f"{tally.total} kills, {len(tally.wrong)} wrong, {time.monotonic() - begin:.0f} s", flush=True)
    except KeyboardInterrupt:
        print("ended by hand before all kills had struck")
    _report(tally, wanted, begin)
    missed = 0
    for name, plant in {} if given.no_bugs else BUGS.items():
        found, kills = find_bug(plant, wanted, span, rng)
        missed += not found
        print(
            f"planted, {name}: " + (f"found after {kills} kills: {found}" if found else f"NOT FOUND in {kills} kills")
        )
    raise SystemExit(bool(tally.wrong) or missed > 0)


if __name__ == "__main__":
    main()
