"""How good a surrogate is on rows that it never saw."""
