"""Parameters from data: a pair's mixing refitted with ESPEI."""
