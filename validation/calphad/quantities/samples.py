"""Samples of a database's parameters from an ESPEI run, and the databases that they make.

ESPEI's Markov chains keep each step's parameters in ``trace.npy``, an array of chains, iterations and parameters; the
parameters are the database's symbols ``V0001`` or ``VV0001`` in alphabetical order.

References:
    B. Bocklund et al., MRS Communications 9 (2019) 618, doi:10.1557/mrc.2019.59: ESPEI; `database_symbols_to_fit` and
    `EmceeOptimizer` of espei 0.9 for the order of the symbols and the shape of the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError, first_line

SAMPLES = 16
"""How many samples are taken: standard deviations are known to about 18 % then."""
_SYMBOL = re.compile(r"VV?[0-9]+")
_LEAST = 2


@dataclass(frozen=True, slots=True)
class ParameterSamples:
    """Values of a database's fitted symbols.

    Attributes:
        names: the symbols, in order.
        values: a row for each sample.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    @classmethod
    def of_trace(cls, path: Path, symbols: Iterable[str]) -> ParameterSamples:
        """Samples spread evenly over the last half of a trace, the same ones every time.

        Args:
            path: the file that ESPEI wrote.
            symbols: every symbol of the database.

        Raises:
            InputError: if the file cannot be read, is no such array, or does not fit the database.
        """
        names = tuple(sorted(name for name in symbols if _SYMBOL.fullmatch(name)))
        trace = _loaded(path)
        if not names:
            raise InputError(
                f"{path} goes with a database of ESPEI: this one has no symbols VV0001, VV0002, … to sample"
            )
        if trace.ndim != 3 or trace.shape[2] != len(names):
            raise InputError(
                f"{path} has the shape {trace.shape}; a trace has (chains, iterations, parameters), and the database "
                f"has {len(names)} parameters, {names[0]} to {names[-1]}"
            )
        # A run that was stopped leaves the iterations that it did not come to at zero.
        done = np.flatnonzero((np.asarray(trace) != 0.0).any(axis=(0, 2)))
        last = done[len(done) // 2 :]
        rows = np.asarray(trace[:, last, :], dtype=np.float64).transpose(1, 0, 2).reshape(-1, len(names))
        if len(rows) < _LEAST:
            raise InputError(
                f"{path} holds {len(rows)} samples in the last half of its iterations; at least {_LEAST} are needed"
            )
        taken = rows[np.unique(np.linspace(0, len(rows) - 1, SAMPLES).round().astype(np.int64))]
        if not np.isfinite(taken).all():
            raise InputError(f"{path} holds parameters that are no finite numbers")
        return cls(names, tuple(tuple(row) for row in taken.tolist()))

    @classmethod
    def from_json(cls, document: Any) -> ParameterSamples:
        """Reads what `to_json` wrote.

        Raises:
            InputError: if it is something else.
        """
        try:
            values = tuple(tuple(float(value) for value in row) for row in document["values"])
            return cls(tuple(str(name) for name in document["names"]), values)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"'samples' must be names and rows of values: {first_line(error)}") from error

    def to_json(self) -> dict[str, Any]:
        """``{"names", "values"}``."""
        return {"names": list(self.names), "values": [list(row) for row in self.values]}

    def texts(self, text: str) -> Iterator[str]:
        """The text of the database with each sample's parameters in it.

        Raises:
            InputError: for a symbol that is not defined by one FUNCTION.
        """
        for row in self.values:
            yield _replaced(text, dict(zip(self.names, row, strict=True)))


def _loaded(path: Path) -> NDArray[np.floating[Any]]:
    """An array of a file, which stays there: a trace may be larger than the memory."""
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"cannot read the samples {path}: {first_line(error)}; it must be an array as ESPEI's trace.npy"
        ) from error
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
        raise InputError(f"{path} is no array of numbers as ESPEI's trace.npy")
    return found


def _replaced(text: str, values: Mapping[str, float]) -> str:
    for name, value in values.items():
        command = re.compile(rf"(?im)(?<![^\s!])FUN\w*\s+{name}\s[^!]*!")
        text, count = command.subn(f"FUNCTION {name} 1 {value!r}; 10000 N !", text)
        if count != 1:
            raise InputError(f"the database defines the sampled symbol {name} {count} times; once is needed")
    return text


def spread(found: Iterable[Mapping[str, float]], names: Iterable[str]) -> tuple[dict[str, float], list[str]]:
    """Standard deviations by name, and notes on those that too few samples answer.

    Args:
        found: what each sample answers, by name; what it does not answer is left out.
        names: of what is asked.
    """
    answered = list(found)
    stds, notes = {}, []
    for name in names:
        values = [values[name] for values in answered if name in values]
        if 2 * len(values) < len(answered) or len(values) < _LEAST:
            notes.append(f"no standard deviation of {name}: {len(values)} of {len(answered)} samples have a value")
            continue
        if len(values) < len(answered):
            notes.append(f"the standard deviation of {name} is that of {len(values)} of {len(answered)} samples")
        stds[name] = float(f"{np.std(values, ddof=1):.6g}")
    return stds, notes
