"""Conditional generators of compositions: one family per file behind one interface.

Start from `generators.base` (the interface and the table of families) and `generators.train` (one pure
function that trains). Importing this package or `generators.asking.targets` does not import torch.
"""
