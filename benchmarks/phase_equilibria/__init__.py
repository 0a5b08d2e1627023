"""The engine held against plain ``pycalphad.equilibrium``, on any database."""
