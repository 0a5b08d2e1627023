"""Cases by kind: the content of the n-th bad file is a function of the seed, the kind and n alone."""

from __future__ import annotations

import json
import random
from typing import Any

import yaml

from tests.support.fuzz.mutate import TOKENS, bomb, miswritten, spoiled, twisted

STRANGE = (b"+1E400*T", b"+T**-9999", b"+LN(-T)", b"-A#", b";", b"Y", b"N")
SYMBOLS = "Nb Mo Ta W Hf Ti Zr V Cr Al Xx nb H Uuo é".split()
AMOUNTS = [
    "",
    "1",
    "25",
    "0.5",
    ".5",
    "5.",
    "-1",
    "0",
    "0.0",
    "1e5",
    "1/3",
    "nan",
    "9" * 150,
    "0." + "0" * 120 + "1",
    "٣",
    "²",
    " ",
]


def rng_of(seed: int, kind: str, index: int) -> random.Random:
    """The random numbers of one case."""
    return random.Random(f"{seed} {kind} {index}")


def config_case(rng: random.Random, base: bytes) -> bytes:
    """A configuration: its values twisted, its text spoiled, or a bomb inside it."""
    kind = rng.random()
    if kind < 0.55:
        text = yaml.safe_dump(twisted(rng, yaml.safe_load(base)), allow_unicode=True)
        return text.encode("utf-8", "surrogatepass")
    if kind < 0.7:
        return base + b"\n" + bomb(rng).encode()
    return spoiled(rng, bomb(rng).encode() if kind < 0.75 else base)


def csv_case(rng: random.Random, base: bytes) -> bytes:
    """A CSV file: cells and columns changed, or its bytes."""
    content = miswritten(rng, base) if rng.random() < 0.75 else base
    return spoiled(rng, content) if content is base or rng.random() < 0.15 else content


def formula_case(rng: random.Random, base: bytes) -> bytes:
    """A formula, a target or a constraint: symbols and amounts that do not belong together."""
    kind = rng.random()
    if kind < 0.6:
        parts = [rng.choice(SYMBOLS) + rng.choice(AMOUNTS) for _ in range(rng.choice((0, 1, 2, 4, 9, 90)))]
        return "".join(parts).encode()
    return spoiled(rng, rng.choice((base, b"density <= 9", b"maximize solidus", b"density=8..9", b"solidus >= 2273")))


def tdb_case(rng: random.Random, base: bytes) -> bytes:
    """A thermodynamic database: statements left out, doubled, cut, with other numbers and words."""
    if rng.random() < 0.4:
        return spoiled(rng, base)
    end = b"!\r\n" if b"!\r\n" in base else b"!\n"
    statements = base.split(end)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(statements))
        words = statements[place].split(b" ")
        kind = rng.randrange(5)
        if kind == 0 and len(statements) > 1:
            del statements[place]
        elif kind == 1:
            statements.insert(rng.randint(0, len(statements)), statements[place])
        elif kind == 2:
            words[rng.randrange(len(words))] = rng.choice(TOKENS)
        elif kind == 3:
            words[rng.randrange(len(words))] = rng.choice(rng.choice(statements).split(b" "))
        else:
            words.insert(
                rng.randint(0, len(words)),
                rng.choice(STRANGE),
            )
        if kind in (2, 3, 4):
            statements[place] = b" ".join(words)
    return end.join(statements)


def weights_case(rng: random.Random, base: bytes) -> bytes:
    """A weights file: bytes, the header, or a description and tensors that do not belong together, signed anew."""
    kind = rng.random()
    if kind < 0.25:
        return spoiled(rng, base)
    if kind < 0.55:
        return _other_header(rng, base)
    return _signed_anew(rng, base)


def _other_header(rng: random.Random, base: bytes) -> bytes:
    size = int.from_bytes(base[:8], "little")
    header = json.loads(base[8 : 8 + size])
    if rng.random() < 0.5:
        header["__metadata__"]["alloyloop"] = json.dumps(
            twisted(rng, json.loads(header["__metadata__"]["alloyloop"])), default=str
        )
    else:
        header = twisted(rng, header)
    text = json.dumps(header, default=str).encode()
    told = rng.choice((len(text), len(text), len(text), 0, len(text) + 1, 2**63, 2**40, 2**64 - 1))
    return told.to_bytes(8, "little") + text + base[8 + size :]


def _signed_anew(rng: random.Random, base: bytes) -> bytes:
    """Another description, other tensors, and a digest that is right again."""
    import torch

    from generators.training.weights import pack, unpack

    tensors, document = unpack(base)
    del document["content_sha256"]
    if rng.random() < 0.7:
        other = twisted(rng, document)
        document = other if isinstance(other, dict) else {"x": None}
    if rng.random() < 0.5:
        name = rng.choice(sorted(tensors))
        value = tensors[name]
        choices: dict[str, Any] = {
            "dtype": lambda: value.to(rng.choice((torch.float64, torch.int64, torch.bool, torch.float16))),
            "nan": lambda: torch.full_like(value, float("nan")) if value.is_floating_point() else value,
            "huge": lambda: torch.full_like(value, 1e30) if value.is_floating_point() else value,
            "shape": lambda: value.reshape(-1),
            "empty": lambda: value.reshape(-1)[:0],
            "twice": lambda: torch.cat([value.reshape(-1), value.reshape(-1)]),
        }
        tensors[name] = choices[rng.choice(sorted(choices))]()
        if rng.random() < 0.2:
            tensors[rng.choice(("", "x", "a" * 1000, "../x", "\0"))] = tensors.pop(name)
    try:
        return bytes(pack(tensors, document))
    except (TypeError, ValueError):  # a description that JSON cannot say
        return spoiled(rng, base)


CASES = {
    "config": config_case,
    "import": csv_case,
    "table": csv_case,
    "formula": formula_case,
    "tdb": tdb_case,
    "database": tdb_case,
    "weights": weights_case,
}
"""How a case of each kind is made from a valid content."""
