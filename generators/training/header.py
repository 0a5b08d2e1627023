"""The header of a safetensors file, checked by a schema before anything is made of the file.

References:
    Format: https://github.com/huggingface/safetensors#format: eight bytes of size, little endian, a JSON document of
    that size, and the tensors' bytes without gaps.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alloys.errors import InputError

MOST_BYTES = 2**30
"""The largest file of weights that is read; those of a campaign have about 1 MB."""
HEADER_BYTES = 4 * 2**20
"""The largest header."""
MOST_TENSORS = 10_000
MOST_DIMENSIONS = 8
BYTES = {"F64": 8, "F32": 4, "I64": 8, "BOOL": 1}
"""Bytes of an element by type: the types that the networks have."""

_NAME = re.compile(r"[A-Za-z0-9_.]{1,200}")
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where a tensor lies in the bytes behind the header, its type and its shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(content: bytes) -> tuple[str, list[TensorEntry]]:
    """The one JSON document in a file's header, as text, and its tensors in the order of their bytes.

    Raises:
        InputError: if anything in the header is not as `generators.training.weights` writes it.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"the weights have {len(content)} bytes; at most {MOST_BYTES} are read")
    size = int.from_bytes(content[:_LENGTH], "little")
    if len(content) < _LENGTH or size > min(len(content) - _LENGTH, HEADER_BYTES):
        raise _wrong(f"a header of {size} bytes in a file of {len(content)}")
    try:
        header = json.loads(content[_LENGTH : _LENGTH + size], object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"the header is not JSON ({error})") from error
    if not isinstance(header, dict) or len(header) > MOST_TENSORS:
        raise _wrong("the header must be a JSON object of tensors by name")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {"alloyloop"} or not isinstance(metadata["alloyloop"], str):
        raise _wrong("the header has no description of alloyloop's")
    entries = sorted((_entry(name, told) for name, told in header.items()), key=lambda e: (e.begin, e.end))
    _refuse_gaps(entries, len(content) - _LENGTH - size)
    return metadata["alloyloop"], entries


def _wrong(what: str) -> InputError:
    return InputError(f"not a generator's weights, or damaged: {what[:300]}; give a file that a training wrote")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _entry(name: str, told: object) -> TensorEntry:
    if not _NAME.fullmatch(name):
        raise _wrong(f"{name[:40]!r} cannot name a tensor")
    if not isinstance(told, Mapping) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise _wrong(f"the tensor {name} needs a dtype, a shape and data_offsets, and nothing else")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise _wrong(f"the tensor {name} must be of {', '.join(BYTES)}, got {str(dtype)[:40]}")
    if not _whole(shape, MOST_DIMENSIONS):
        raise _wrong(f"the shape of {name} must be at most {MOST_DIMENSIONS} whole numbers, got {str(shape)[:80]}")
    if not _whole(offsets, 2) or len(offsets) != 2:
        raise _wrong(f"the data_offsets of {name} must be two whole numbers, got {str(offsets)[:80]}")
    if offsets[1] - offsets[0] != math.prod(shape) * BYTES[dtype]:
        raise _wrong(f"the tensor {name} of shape {shape} does not fit its bytes {offsets}")
    return TensorEntry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _whole(numbers: object, most: int) -> bool:
    """Whether it is a list of at most so many sizes, each of them small enough for a file."""
    if not isinstance(numbers, list) or len(numbers) > most:
        return False
    return all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MOST_BYTES for n in numbers)


def _refuse_gaps(entries: list[TensorEntry], size: int) -> None:
    """Refuses bytes that two tensors share, or that are no tensor's."""
    end = 0
    for entry in entries:
        if entry.begin != end:
            raise _wrong(f"the bytes of {entry.name} begin at {entry.begin}, those before it end at {end}")
        end = entry.end
    if end != size:
        raise _wrong(f"the tensors have {end} bytes, the file has {size} for them")
