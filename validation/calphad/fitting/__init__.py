"""Parameters from data: a pair's mixing refitted with ESPEI, and how the estimated Laves energies were obtained."""
