"""Thermodynamic databases as people write them: text, commands, parameters."""
