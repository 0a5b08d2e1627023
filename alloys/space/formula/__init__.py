"""Formulas as a space: small whole numbers of atoms, whose ions are neutral together."""
