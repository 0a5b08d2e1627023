"""Fingerprints decide the keys of jobs: one that changes would have every finished job of a campaign done again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from validation.registry import make_validator

TABLE = "x"
COMMAND = {"properties": ["solidus", "bcc_fraction_1200c"], "settings": {"a": [1, 2]}, "version": "2"}
# Settings as they travel: no calculator and no Slurm is looked for.
DFT = {"calculator": {"name": "gpaw"}, "level": "tight", "digests": {"a": "b"}, "versions": {"ase": "1"}}


@pytest.mark.parametrize(
    ("name", "settings", "fingerprint"),
    [
        ("reference", {}, "3404bedf87f1709dc4822e0102e90ad5e47fe4cd9400f28bfb2ec5c70102bdb6"),
        ("calphad", {}, "9e3d63054c39d0d701860c907a91c80b637843267f641025a4e21b9875d9ccab"),
        (
            "calphad",
            {"temperatures": [900], "scheil": True},
            "acaeadd43b47b19f8fb5598ef934f326c79e9212eb83124a0973154470bfc170",
        ),
        (
            "slurm",
            {"command": ["echo"], "properties": ["solidus"], "digests": {}},
            "c73df03c57d97fae738f5429636c132190b053bfeaf26f2925956d306d07c677",
        ),
        ("dft", DFT, "3e0173406eb3a02a7e29cceca512539f7b1f3b294ab1e8e5f0a790c0205d0418"),
    ],
)
def test_they_are_what_they_were(name: str, settings: dict[str, Any], fingerprint: str) -> None:
    assert make_validator(name, settings).fingerprint == fingerprint
    assert make_validator(name, make_validator(name, settings).portable_settings).fingerprint == fingerprint


def test_of_a_command_that_names_a_file(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text(TABLE)
    command = ["echo", "{request}", str(path)]
    validator = make_validator("script", {**COMMAND, "command": command, "files": [str(path)]})
    assert validator.fingerprint == "8dfcf5236b05c4a0bf20a0d13a0288f7bb9a54457bde796b4031db80d5b8ded3"
    assert validator.description.data == (hashlib.sha256(TABLE.encode()).hexdigest(),)
