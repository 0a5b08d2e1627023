"""Energies of cells as a validator: lattice, elastic constants and mixing energy from any calculator that ASE knows.

Only the modules that compute import ASE, so that the program starts without it.
"""
