"""Weights files that are none: the header is judged before anything is made of the file."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from alloys.space import AlloySpace
from generators.registry import load, make, restore
from generators.training.weights import MOST_BYTES, describe, pack, unpack

SPACE = AlloySpace.build(["Nb", "Ta", "Ti"], count=(2, 3), upper=0.8)
Header = dict[str, Any]


@pytest.fixture(scope="module")
def good() -> bytes:
    rng = np.random.default_rng(0)
    points = SPACE.sample(20, rng)
    model = make("cvae", SPACE, ("density",), {"epochs": 1, "hidden": 8, "latent": 2})
    model.fit(points, SPACE.fractions(points)[:, :1] + 8, seed=0, threads=1)
    return model.to_bytes()


def _parts(content: bytes) -> tuple[Header, bytes]:
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def _file(header: object, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _first(header: Header) -> str:
    return min((name for name in header if name != "__metadata__"), key=lambda n: header[n]["data_offsets"])


def _set(key: str, value: object) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header[_first(header)][key] = value

    return change


def _renamed(name: str) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header[name] = header.pop(_first(header))

    return change


def _overlap(header: Header) -> None:
    names = sorted((n for n in header if n != "__metadata__"), key=lambda n: header[n]["data_offsets"])
    one, two = (header[name] for name in names[:2])
    length = two["data_offsets"][1] - two["data_offsets"][0]
    two["data_offsets"] = [one["data_offsets"][0], one["data_offsets"][0] + length]


def test_a_good_file_is_read(good: bytes) -> None:
    assert describe(good)["family"] == "cvae"
    assert set(unpack(good)[0]) == set(_parts(good)[0]) - {"__metadata__"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("dtype", "F128"), "must be of BOOL, F32"),
        (_set("dtype", "BF16"), "must be of BOOL, F32"),
        (_set("dtype", ["F32"]), "no description|not a generator's weights"),
        *((_set("shape", shape), "damaged") for shape in ([2**40, 2**40], [-1], [1.5], [True], [])),
        *((_set("data_offsets", offsets), "damaged") for offsets in ([0, 2**63], [4, 0], [0], "0-4")),
        (_overlap, "damaged"),
        *((_renamed(name), "damaged") for name in ("../../x", "a\0b", "", "x" * 201, "other")),
        (lambda header: header.pop("__metadata__"), "no description"),
        (lambda header: header["__metadata__"].update(alloyloop=1), "not a generator's weights"),
        (lambda header: header["__metadata__"].update(alloyloop="[" * 100_000), "not a generator's weights"),
        (lambda header: header["__metadata__"].update(alloyloop="[]"), "not a generator's weights"),
        (lambda header: header["__metadata__"].update(alloyloop='{"schema": NaN}'), "no finite number"),
        (lambda header: header["__metadata__"].update(alloyloop='{"schema": 1e999}'), "no finite number"),
    ],
)
def test_headers_that_lie_are_refused(good: bytes, change: Callable[[Header], None], message: str) -> None:
    header, body = _parts(good)
    change(header)
    with pytest.raises(InputError, match=message):
        restore(_file(header, body))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 2**64 - 1),
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 3) + b"[1]",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        b"PK\x03\x04" + b"\0" * 100,
    ],
    ids=["empty", "short", "huge", "large", "list", "deep", "pickle", "zip"],
)
def test_what_is_no_weights_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a generator's weights"):
        load(path)


def test_bytes_that_are_no_tensors_and_a_name_given_twice_are_refused(good: bytes) -> None:
    header, body = _parts(good)
    with pytest.raises(InputError, match="not fully covered"):
        restore(_file(header, body + b"#!/bin/sh"))
    text = json.dumps(header)[:-1].encode() + b', "__metadata__": {"alloyloop": "{}"}}'
    with pytest.raises(InputError, match="a name is given twice"):
        restore(struct.pack("<Q", len(text)) + text + body)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match="at most"):
        load(path)


def _signed(good: bytes, **changes: Any) -> bytes:
    """Another description with a digest that is right."""
    tensors, document = unpack(good)
    del document["content_sha256"]
    return pack(tensors, {**document, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "../../x"}, "unknown generator family"),
        ({"family": ["cvae"]}, "description is wrong in family"),
        ({"family": "flow"}, "do not fit their description|unknown generator settings"),
        ({"space": []}, "description is wrong in space"),
        ({"space": {"elements": ["Nb"]}}, "do not describe a space"),
        ({"properties": "density"}, "description is wrong in properties"),
        ({"properties": ["density", "density"]}, "distinct"),
        ({"settings": {"hidden": 10**9}}, r"must lie in \[1, 8192\]"),
        ({"settings": {"hidden": 16, "latent": 2}}, "do not fit their description"),
        ({"settings": {"__class__": 1}}, "unknown generator settings"),
        ({"scale": {"mean": [10**400], "std": [1.0], "usable": [True]}}, "do not describe the conditions' scale"),
        ({"scale": {"mean": [1e308], "std": [0.0], "usable": [True]}}, "scale does not fit"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(good: bytes, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        restore(_signed(good, **changes))


@pytest.mark.parametrize("key", ["total", "fewest", "lower", "limits"])
@pytest.mark.parametrize("value", [0, "x", None, 10**400, [1, "x"], [[1]], {"a": 1}])
def test_spaces_that_are_none_are_refused(good: bytes, key: str, value: object) -> None:
    space = unpack(good)[1]["space"]
    with pytest.raises(InputError):
        restore(_signed(good, space={**space, key: value}))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(good: bytes, value: float) -> None:
    tensors, document = unpack(good)
    del document["content_sha256"]
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    tensors[name] = torch.full_like(tensors[name], value)
    with pytest.raises(InputError, match=f"not finite numbers in {name}"):
        restore(pack(tensors, document))


def test_warm_weights_with_a_strange_description_are_refused(good: bytes) -> None:
    model = make("cvae", SPACE, ("density",), {"epochs": 1, "hidden": 8, "latent": 2})
    points = SPACE.sample(20, np.random.default_rng(0))
    with pytest.raises(InputError, match="description is wrong in space"):
        model.fit(points, SPACE.fractions(points)[:, :1], seed=0, warm=_signed(good, space=["Nb"]))
