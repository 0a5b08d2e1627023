"""Hyperparameters of Gaussian processes: the most probable ones, drawn ones, and what is kept of either."""
