"""The surrogate: Gaussian processes, one per property."""
