"""Points read from people's tables, each with its conditions and its source."""
