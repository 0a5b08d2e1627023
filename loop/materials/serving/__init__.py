"""The materials table as an OPTIMADE database: a snapshot of it in memory, read-only, on loopback."""
