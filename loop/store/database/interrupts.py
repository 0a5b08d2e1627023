"""Ctrl-C and transactions: an interrupt waits until the transaction that it falls into has ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_back() -> Iterator[None]:
    """Ctrl-C is told at the end of this context, not inside.

    An interrupt between a transaction's beginning and the block that ends it would leave the transaction open, and
    lock every other writer out. Only a process's main thread can be interrupted; elsewhere nothing is done.
    """
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield
        return
    held: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *interrupt: held.append(interrupt))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if held:
            former(*held[-1])
