"""Weights as bytes: safetensors with one JSON document in its header, named by the digest of content.

A model is one piece, ``<sha256>.safetensors``: it opens with any safetensors reader, travels through Ray as
plain bytes and never needs pickle. The document carries a schema version and a digest over itself and the
tensors, so that damage is noticed even where the file was renamed. That tensors fit their bytes is checked by
safetensors before it makes them.

References:
    https://github.com/huggingface/safetensors#format: eight bytes of size, little endian, a JSON document of that size,
    and the tensors' bytes without gaps.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from alloys.errors import InputError
from alloys.files import read_plain
from alloys.records import canonical_json
from alloys.space import AlloySpace, GridSpace, Limit, LinearRule, VariedSpace
from alloys.space.formula import FormulaSpace, FormulaSpec
from alloys.space.variable_spec import VariableSpec
from alloys.space.variables import Variable, Variables
from generators.interface import LearnedSpace

MOST_BYTES = 2**30
"""The largest file of weights that is read; those of a campaign have about 1 MB."""

HEADER_BYTES = 4 * 2**20
"""The largest header."""

DTYPES = frozenset({"F64", "F32", "I64", "BOOL"})
"""The types that the networks' tensors have."""

SCHEMA = 1
"""Raised when the document's shape changes; older versions stay readable or are refused by name."""

_KEY = "alloyloop"
_KINDS = {"family": str, "space": dict, "properties": list, "settings": dict, "scale": dict}


def pack(tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> bytes:
    """Tensors and a JSON document as one piece; the same content gives the same bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    body = {**document, "schema": SCHEMA}
    body["content_sha256"] = _content_digest(plain, body)
    return bytes(save_tensors(plain, metadata={_KEY: canonical_json(body)}))


def describe(content: bytes) -> dict[str, Any]:
    """The JSON document of a packed model, without reading its tensors.

    Raises:
        InputError: if this is no model of ours, a newer schema, or damaged.
    """
    try:
        document = json.loads(_description(content), parse_float=_finite, parse_constant=_finite)
        schema, _ = document["schema"], document["family"]
        kinds = {name: isinstance(document[name], kind) for name, kind in _KINDS.items() if name in document}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _wrong(repr(error)) from error
    if schema != SCHEMA:
        raise InputError(f"the weights have schema {schema!r}, this version reads {SCHEMA}; train again")
    if not all(kinds.values()):
        wrong = ", ".join(name for name, fits in kinds.items() if not fits)
        raise InputError(f"the weights' description is wrong in {wrong}; give a file that a training wrote")
    return dict(document)


def _description(content: bytes) -> str:
    """The text of the JSON document in the header.

    Raises:
        InputError: if the header is too large, no JSON, without the document, or has tensors of a strange type.
    """
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(len(content) - 8, HEADER_BYTES):
        raise _wrong(f"a header of {size} bytes in a file of {len(content)}")
    try:
        header = json.loads(content[8 : 8 + size], object_pairs_hook=_once)
        text = header.pop("__metadata__")[_KEY]
        strange = [tensor["dtype"] for tensor in header.values() if tensor["dtype"] not in DTYPES]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _wrong(f"the header has no description of alloyloop's ({error!r})") from error
    if strange or not isinstance(text, str):
        raise _wrong(f"tensors must be of {', '.join(sorted(DTYPES))}, got {strange[:4]}")
    return text


def _wrong(what: str) -> InputError:
    return InputError(f"not a generator's weights, or damaged: {what[:300]}; give a file that a training wrote")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def unpack(content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and document of a packed model.

    Raises:
        InputError: if this is no model of ours, a newer schema, or damaged.
    """
    document = describe(content)
    try:
        tensors = load_tensors(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"the weights are damaged: {error}; take another copy or train again") from error
    body = {key: value for key, value in document.items() if key != "content_sha256"}
    if document.get("content_sha256") != _content_digest(tensors, body):
        raise InputError("the weights are damaged: their digest differs; take another copy or train again")
    endless = sorted(name for name, tensor in tensors.items() if not bool(tensor.isfinite().all()))
    if endless:
        raise InputError(f"the weights are not finite numbers in {', '.join(endless[:4])}; train again")
    return tensors, document


def write_file(folder: Path, content: bytes) -> Path:
    """Writes ``<sha256>.safetensors`` at once or not at all, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(content).hexdigest()}.safetensors"
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def read_file(path: Path) -> bytes:
    """Bytes of a weights file.

    Raises:
        InputError: if it cannot be read or is too large, or its name is a digest that is not its content's.
    """
    content = read_plain(path, "the weights", MOST_BYTES)
    named, actual = path.stem, hashlib.sha256(content).hexdigest()
    if len(named) == len(actual) and set(named) <= set("0123456789abcdef") and named != actual:
        raise InputError(f"the weights {path} are damaged: their digest is {actual}, not the one in the name")
    return content


def space_to_json(space: LearnedSpace) -> dict[str, Any]:
    """A space as a plain document; what a plain grid has not is left out."""
    if isinstance(space, FormulaSpace):
        return {
            "kind": "formula",
            "elements": list(space.elements),
            "most_atoms": space.most_atoms,
            "elements_count": [space.fewest, space.most],
            "charges": space.charges,
            "states": space.states,
            "outside": [_rule_to_json(rule) for rule in space.outside],
        }
    grid = space.alloys
    later = {
        "strides": list(grid.strides),
        "balance": grid.balance,
        "rules": [_rule_to_json(rule) for rule in grid.rules],
        "atoms": list(grid.atoms),
        "variables": [_variable_to_json(variable) for variable in space.variables],
    }
    return {
        "elements": list(grid.elements),
        "total": grid.total,
        "lower": list(grid.lower),
        "upper": list(grid.upper),
        "fewest": grid.fewest,
        "most": grid.most,
        "limits": [[limit.element, limit.most, limit.where] for limit in grid.limits],
        **{key: value for key, value in later.items() if value},
    }


def _rule_to_json(rule: LinearRule) -> list[Any]:
    return [rule.text, list(rule.elements), list(rule.weights), rule.equal]


def _rules_of(rows: Iterable[Any]) -> tuple[LinearRule, ...]:
    """Reads what `_rule_to_json` wrote."""
    return tuple(LinearRule(text, tuple(elements), tuple(weights), equal) for text, elements, weights, equal in rows)


def _variable_to_json(variable: Variable) -> dict[str, Any]:
    """A variable as `VariableSpec` reads it, with its name."""
    return {
        "name": variable.name,
        "values": list(variable.values),
        "scale": "log" if variable.log else "linear",
        "ordered": variable.kind == "ordered",
        "unit": variable.unit,
        "when": {name: list(values) for name, values in variable.when},
        "per_batch": variable.per_batch,
    }


def space_from_json(document: Mapping[str, Any]) -> LearnedSpace:
    """Reads what `space_to_json` wrote.

    Raises:
        InputError: if the document is not a space.
    """
    try:
        return _formulas(document) if document.get("kind") == "formula" else _grid(document)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InputError(f"the weights do not describe a space: {error!r}") from error


def _formulas(document: Mapping[str, Any]) -> FormulaSpace:
    keys = ("elements", "most_atoms", "elements_count", "charges", "states")
    space = FormulaSpec(kind="formula", **{key: document[key] for key in keys}).build()
    return replace(space, outside=_rules_of(document["outside"]))


def _grid(document: Mapping[str, Any]) -> GridSpace:
    grid = AlloySpace(
        elements=tuple(document["elements"]),
        total=int(document["total"]),
        lower=tuple(document["lower"]),
        upper=tuple(document["upper"]),
        fewest=int(document["fewest"]),
        most=int(document["most"]),
        limits=tuple(Limit(element, most, where) for element, most, where in document["limits"]),
        strides=tuple(document.get("strides", ())),
        balance=document.get("balance"),
        rules=_rules_of(document.get("rules", ())),
        atoms=tuple(document.get("atoms", ())),
    )
    described = [dict(each) for each in document.get("variables", ())]
    names = [str(each.pop("name")) for each in described]
    read = [VariableSpec(**each).variable(name) for name, each in zip(names, described, strict=True)]
    return VariedSpace(grid, Variables(tuple(read))) if read else grid


def _content_digest(tensors: Mapping[str, Tensor], body: Mapping[str, Any]) -> str:
    state = hashlib.sha256(canonical_json(body).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        state.update(f"{name}:{tensor.dtype}:{list(tensor.shape)}".encode())
        state.update(tensor.contiguous().numpy().tobytes())
    return state.hexdigest()
