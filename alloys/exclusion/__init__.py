"""What is left out of a space after a campaign has begun: elements, and regions of it."""

from __future__ import annotations

from alloys.exclusion.region import Region
from alloys.exclusion.spaces import without_element, without_region

__all__ = ["Region", "without_element", "without_region"]
