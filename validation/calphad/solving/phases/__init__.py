"""Phases: their models, their sites, their order, and how they are sampled."""
