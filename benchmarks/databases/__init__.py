"""How long reading a thermodynamic database takes, the first time and later."""
