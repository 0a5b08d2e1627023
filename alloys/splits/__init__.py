"""Ways to set rows of a table aside, so that a model is judged on what it never saw."""
