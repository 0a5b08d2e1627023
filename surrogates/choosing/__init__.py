"""Choosing: acquisition, screening and the batch."""
