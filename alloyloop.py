"""alloyloop from Python: ``from alloyloop import Campaign``.

`Campaign.open` makes or resumes a campaign; ``suggest`` proposes compositions, ``observe`` takes what was measured.
"""

from __future__ import annotations

from alloys.composition import Composition
from loop.campaign import Campaign
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig

__all__ = ["Campaign", "CampaignConfig", "Composition", "load_config"]
