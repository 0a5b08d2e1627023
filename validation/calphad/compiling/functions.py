"""Compiled functions, each known by what it computes, and kept between processes.

symengine compiles expressions to machine code with LLVM, which is most of what a set of elements costs. To load what
was compiled takes a fiftieth of that. A function's key is the digest of its expressions to the last bit: whichever
database, phase or version of this program asks for the same function finds the same machine code; any other is
compiled.

Machine code is only loaded from a folder that no other user can write to (`reading.kept`), as Python does with
``__pycache__``.
"""

from __future__ import annotations

import hashlib
import json
import platform
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import symengine
from symengine.lib.symengine_wrapper import llvm_loading_func

from validation.calphad.compiling.expressions import compiled, plain
from validation.calphad.reading import kept

KIND = "functions-1"
"""Kind under which they are kept; another number whenever `compiled` makes something else of the same expressions."""
_HEAD_BYTES = 8


class Functions:
    """Compiled functions of one place: what is asked for together is stored in one file.

    Args:
        place: What they belong to, in any words.
    """

    def __init__(self, *place: str) -> None:
        self._digest = hashlib.sha256("\0".join((*target(), *place)).encode()).hexdigest()
        self._stored = _unpacked(kept.get(KIND, self._digest))
        self._new: dict[str, bytes] = {}

    def get(self, what: str, arguments: Sequence[Any], graphs: Sequence[Any], make: Callable[[], Any]) -> Any:
        """A function that was compiled before, or one that is compiled now.

        Args:
            what: Which function of the expressions, and how it is compiled.
            arguments: Symbols named by their place.
            graphs: Expressions of them.
            make: Compiles it.
        """
        key = _key(what, arguments, graphs)
        if key in self._stored:
            return _loaded(self._stored[key])
        function = make()
        self._new[key] = _dumped(function)
        return function

    def value(self, variables: Sequence[Any], expressions: Sequence[Any], optimise: int = 0) -> Any:
        """The function that gives the values of expressions of variables, in any symbols."""
        places, graphs = plain(variables, expressions)
        return self.get(f"value {optimise}", places, graphs, lambda: compiled(places, graphs, optimise))

    def save(self) -> None:
        """Stores what was compiled since the last time, beside what other processes stored meanwhile."""
        if self._new:
            self._stored |= self._new
            kept.put(KIND, self._digest, _packed(_unpacked(kept.get(KIND, self._digest)) | self._new))
            self._new = {}


@cache
def target() -> tuple[str, ...]:
    """What machine code depends on beside the expressions: who compiles, and for which processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    marks = ("vendor_id", "model name", "flags", "Features", "CPU part", "isa")
    processor = sorted({line for line in lines if line.startswith(marks)})
    return symengine.__version__, platform.system(), platform.machine(), platform.processor(), *processor


def _key(what: str, arguments: Sequence[Any], graphs: Sequence[Any]) -> str:
    """The text of an expression rounds its numbers; symengine's own form of it does not."""
    digest = hashlib.sha256(f"{what} {len(arguments)} {len(graphs)}".encode())
    for graph in graphs:
        content: bytes = graph.__reduce__()[1][0]
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _dumped(function: Any) -> bytes:
    """How it is called, as JSON behind its length, and its machine code."""
    *call, _, code = function.__reduce__()[1]
    head = json.dumps(call).encode()
    return bytes(len(head).to_bytes(_HEAD_BYTES, "big") + head + code)


def _loaded(content: bytes) -> Any:
    end = _HEAD_BYTES + int.from_bytes(content[:_HEAD_BYTES], "big")
    arguments, size, shapes, *rest = json.loads(content[_HEAD_BYTES:end])
    return llvm_loading_func(arguments, size, [tuple(shape) for shape in shapes], *rest, np.float64, content[end:])


def _packed(functions: Mapping[str, bytes]) -> bytes:
    head = json.dumps({key: len(content) for key, content in functions.items()}).encode()
    return zlib.compress(len(head).to_bytes(_HEAD_BYTES, "big") + head + b"".join(functions.values()), 1)


def _unpacked(content: bytes | None) -> dict[str, bytes]:
    if content is None:
        return {}
    content = zlib.decompress(content)
    start = _HEAD_BYTES + int.from_bytes(content[:_HEAD_BYTES], "big")
    functions: dict[str, bytes] = {}
    for key, size in json.loads(content[_HEAD_BYTES:start]).items():
        functions[key] = content[start : start + size]
        start += size
    return functions
