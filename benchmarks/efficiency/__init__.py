"""Evaluations that methods need to solve the default campaign's problem, side by side in one run."""
