"""What a registered surrogate knows is what the campaign knows, and survives being written as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from alloys.design import Design
from loop.campaign import Campaign
from loop.choose.fitting import fit_surrogate
from loop.review.desk.models.knowledge import knowledge, view_from
from loop.review.predict import predict_document
from loop.store import ActKind, CampaignStore
from loop.view import view_of

pytestmark = pytest.mark.filterwarnings("ignore")


def test_what_was_excluded_and_changed_since_is_known_too(tracked: Campaign, tmp_path: Path) -> None:
    shutil.copytree(tracked.folder, tmp_path / "small")
    with CampaignStore.open(tmp_path / "small" / "campaign.db") as store:
        store.record_act(ActKind.EXCLUDE, {"element": "W"}, who="Ada", why="dear", after=0)
        store.record_act(ActKind.CHANGE, {"constraint": "solidus >= 2200"}, who="Ada", why="cold", after=1)
        view = view_of(store)
        document = json.loads(json.dumps(knowledge(view, store.acts())))
    again = view_from(document)
    assert again.rows
    assert [row.feasible for row in again.rows] == [row.feasible for row in view.rows]
    designs = [Design.parse(text) for text in ("Nb45Ta25Ti15Hf15", "Mo20Nb20Ta20Ti20V20")]
    surrogate = fit_surrogate(view)
    assert fit_surrogate(again).digest == surrogate.digest
    told = predict_document(again, designs, surrogate=surrogate)
    assert told == predict_document(view, designs, surrogate=surrogate)
    assert "W" not in again.space.elements
    assert again.space.elements == view.space.elements
    assert any("2200" in text for text in told[0]["constraints"])
