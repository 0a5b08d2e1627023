"""Equilibrium thermodynamics: the project's own database, and an engine for it or any user's TDB.

pycalphad is imported inside this package only: by `engine` and what it stands on, and by the rest when it parses.
"""
