"""Small campaigns that share a materials table: a command answers a melting range, and holds no alloy rich in Zr."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from tests.loop.loop_helpers import small_document
from tests.support.materials.counting import Counting

_COMMAND = """
import json, sys
MELTING = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
if request["composition"].get("Zr", 0) > 0.4:
    verdict["failure"] = {"class": "physics", "message": "no crucible holds it"}
    sys.exit(json.dump(verdict, sys.stdout))
mean = sum(fraction * MELTING[symbol] for symbol, fraction in request["composition"].items())
told = {"solidus": (mean - 40.1, 5.0), "freezing_range": (80.0 + mean / 100.0, None)}
if sys.argv[1:] == ["draft"]:
    del told["freezing_range"]
verdict["properties"] = {n: {"value": v, "unit": "K", **({"std": s} if s else {})} for n, (v, s) in told.items()}
json.dump(verdict, sys.stdout)
"""
LIGHT: dict[str, Any] = {
    "physics": "generic",
    "space": {"elements": ["Nb", "Ta", "Ti", "Zr"], "step": 0.05, "count": [2, 3], "lower": 0.05, "upper": 0.9},
    "objectives": ["maximize solidus"],
    "constraints": ["density <= 13", "freezing_range <= 300"],
    "reference_point": {"solidus": 1800},
    "start": {"validate": 6, "from_table": 0},
    "generator": {"family": "cvae", "proposals": 40, "settings": {"epochs": 2}, "guided": False},
    "screening": {"random": 30, "neighbours": False},
}


def melting_config(folder: Path, name: str, **changes: Any) -> CampaignConfig:
    """A campaign in a folder, whose validator is the same one for all campaigns there."""
    command = folder / "melting.py"
    command.write_text(_COMMAND, encoding="utf-8")
    settings = {
        "command": [sys.executable, "-S", str(command)],
        "properties": ["solidus", "freezing_range"],
        "files": [],
        "run": {"least_free_mb": 1},
    }
    document = small_document(folder, **LIGHT, validator={"name": "script", "settings": settings})
    return CampaignConfig.model_validate({**document, "name": name, **changes})


def table_of(folder: Path) -> str:
    """Where the campaigns of a folder have their table."""
    return str(folder / "materials.db")


def run(config: CampaignConfig) -> tuple[Campaign, list[str]]:
    """A campaign at its end, still open, and the designs that its validator was asked of."""
    campaign, executor = Campaign.open(config), Counting()
    Driver(campaign, executor).run(config.iterations)
    return campaign, executor.asked
