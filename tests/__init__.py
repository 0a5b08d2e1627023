"""Tests, and what they share; a package, so that no library which brings a folder of this name comes before it."""
