"""Voids of the materials table: what a goal lacks of its materials, who can give it, and how it is asked for."""
