"""The materials table: what was published, validated, drawn and predicted of materials, above all campaigns."""

from __future__ import annotations

from loop.materials.query import PointQuery
from loop.materials.records import AddedPoints, StoredPoint
from loop.materials.table import MaterialsTable, NoMaterialsTable

__all__ = ["AddedPoints", "MaterialsTable", "NoMaterialsTable", "PointQuery", "StoredPoint"]
