"""The tutorial, as a reader goes through it: every file saved, every command typed, in one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from loop.store import CampaignStore
from tests.docs.pages import follow
from tests.loop.loop_helpers import ROOT

PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_of_the_tutorial_can_be_followed(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order; a later page goes on with the campaigns of those before."""
    assert follow(page, folder, monkeypatch) >= 3


def test_the_tutorial_ends_where_it_says(folder: Path) -> None:
    assert {path.parent.name for path in folder.glob("campaigns/*/campaign.db")} >= {"quickstart", "mine", "hot"}
    with CampaignStore.open(folder / "campaigns" / "results" / "campaign.db") as store:
        values = {str(seen.observation.design): seen.observation.values for seen in store.observations()}
        assert values["Al30Co20Cr15Fe15Ni20"]["hardness"] == 501
        assert any(seen.observation.failure == "the ingot cracked" for seen in store.observations())
        assert len(store.iterations()) == 3
