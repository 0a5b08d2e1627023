"""The bar that the commands show while they train and measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loop.cli.console import err


def progress_bar() -> Progress:
    """A bar of what is measured, and for how long; it is redrawn while one model trains."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err())


@contextmanager
def measuring(entrants: int, seeds: int) -> Iterator[Callable[[str, int], None]]:
    """The same of entrants and seeds.

    Args:
        entrants: how many.
        seeds: of each.

    Yields:
        What is called with an entrant's name and a seed, from 0, when they are measured.
    """
    with progress_bar() as progress:
        bar = progress.add_task("training and measuring", total=entrants * seeds)

        def tell(name: str, seed: int) -> None:
            progress.console.print(f"{name}: measured with seed {seed} ({seed + 1} of {seeds})", markup=False)
            progress.advance(bar)

        yield tell
