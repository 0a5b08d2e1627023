"""Generators of formulas, measured as MatGAN was: what is drawn without asking for anything."""
