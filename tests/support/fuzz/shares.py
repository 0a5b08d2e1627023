"""Kinds of reported inputs and their shares, without what they ask."""

from __future__ import annotations

WRONG = "wrong answer"
"""What was answered, or refused, is not what is right: worse than a traceback, as nobody sees it."""

REPORT_SHARES = {
    "cells": 0.4, "spaces": 0.2, "frames": 0.2, "proxies": 0.06, "encodings": 0.05, "addresses": 0.03,
    "pictures": 0.02, "folders": 0.015, "melting": 0.015, "energies": 0.005, "shadows": 0.005,
}  # fmt: skip
"""Share of such cases by kind; those that take seconds are few."""
