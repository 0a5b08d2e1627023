"""The bar that the commands show while they train and measure."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loop.cli.console import err


def progress_bar() -> Progress:
    """A bar of what is measured, and for how long; it is redrawn while one model trains."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err())
