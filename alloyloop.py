"""alloyloop from Python: ``from alloyloop import Campaign``.

`Campaign.open` makes or resumes a campaign; ``suggest`` proposes compositions, ``observe`` takes what was measured.
"""

from __future__ import annotations

import importlib
import os.path
import sys

# A person's own `loop.py` may come first on the path; `loop` itself sees to the other rooms.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import loop
finally:
    del sys.path[0]
if not hasattr(loop, "put_working_folder_last"):
    raise ImportError(
        f"{loop.__file__} is in place of a part of alloyloop, which has the name 'loop' too; rename that file, or "
        "import alloyloop before it"
    )

TYPE_CHECKING = False  # as in `typing`, which is not imported before the working folder is last
if TYPE_CHECKING:
    from typing import Any

    from alloys.composition import Composition
    from loop.campaign import Campaign
    from loop.config.reading import load_config
    from loop.config.schema import CampaignConfig

__all__ = ["Campaign", "CampaignConfig", "Composition", "load_config"]

_PLACES = {
    "Campaign": "loop.campaign",
    "CampaignConfig": "loop.config.schema",
    "Composition": "alloys.composition",
    "load_config": "loop.config.reading",
}


def __getattr__(name: str) -> Any:
    """What is imported when it is asked for first: the command line needs none of it to begin."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def main() -> None:
    """The command ``alloyloop``."""
    loop.put_working_folder_last()
    from loop.cli.main import main as run  # late: only a command needs it

    run()
