"""Quantities that a person names: of one alloy, at a temperature or over all temperatures."""
