"""Yield strength that a furnace would confirm: the edge model, corrected by published measurements, with intervals."""
