"""The project's own database of nine refractory elements."""
