"""Kinds of input that people reported, made at random with the right answer beside: what differs from it is wrong."""

from __future__ import annotations

from tests.support.fuzz.reports.databases import Energies, Melting
from tests.support.fuzz.reports.frames import Frames
from tests.support.fuzz.reports.spaces import Spaces
from tests.support.fuzz.reports.surroundings import Addresses, Encodings, Folders, Pictures, Proxies, Shadows
from tests.support.fuzz.reports.tables import Cells
from tests.support.fuzz.targets import Target

REPORTS: dict[str, type[Target]] = {
    "cells": Cells,
    "spaces": Spaces,
    "frames": Frames,
    "proxies": Proxies,
    "encodings": Encodings,
    "addresses": Addresses,
    "pictures": Pictures,
    "folders": Folders,
    "melting": Melting,
    "energies": Energies,
    "shadows": Shadows,
}
"""Targets by kind; each makes its own input from the random numbers of a case."""
