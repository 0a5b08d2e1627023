"""The tiny real campaign whose database is kept for every schema, in ``golden/campaigns``.

``golden/postgresql`` has it of past schemas as a server held it: ``pg_dump --schema=golden --inserts``.

``python -m tests.loop.store.golden_campaign`` writes the one of the newest schema anew; do so only while that schema is
in no released version.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

import pandas as pd

from alloys.composition import Composition
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.store.database.engine import head_revision

FOLDER = Path(__file__).parent / "golden" / "campaigns"
TABLE = "formula\nNbTa\nTaTi\nNbTi\n"
DOCUMENT: dict[str, Any] = {
    "name": "golden",
    "space": {"elements": ["Nb", "Ta", "Ti"], "count": [2, 3], "upper": 0.8},
    "objectives": ["maximize solidus"],
    "constraints": ["density <= 13"],
    "start": {"validate": 4, "from_table": 0.5, "table": "table.csv"},
    "generator": {"family": "cvae", "proposals": 40, "settings": {"epochs": 2}},
    "screening": {"random": 30, "neighbours": False},
    "validator": {"name": "human"},
    "tracking": {"enabled": False},
}


def opened(**changes: Any) -> Campaign:
    """The campaign in the working directory."""
    Path("table.csv").write_text(TABLE, encoding="utf-8")
    return Campaign.open(CampaignConfig.model_validate({**DOCUMENT, **changes}))


def measured(formulas: list[str]) -> pd.DataFrame:
    """What somebody measured: a solidus that rises with tantalum."""
    shares = [Composition.parse(formula).fractions().get("Ta", 0.0) for formula in formulas]
    return pd.DataFrame({"formula": formulas, "solidus": [2000.0 + 1000.0 * share for share in shares]})


def run() -> None:
    """A start of four, all answered, and a batch of three with one answer and one failure."""
    with opened() as campaign:
        campaign.observe(measured(list(campaign.suggest(4)["formula"])))
        formulas = list(campaign.suggest(3)["formula"])
        campaign.observe(measured(formulas[:1]))
        campaign.observe(pd.DataFrame({"formula": formulas[1:2], "failure": ["cracked"]}))


def write() -> Path:
    """Runs it and writes its database as SQL."""
    path = FOLDER / f"revision_{head_revision()}.sql"
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        run()
        with closing(sqlite3.connect("campaigns/golden/campaign.db")) as connection:
            text = "\n".join(connection.iterdump()) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    write()
