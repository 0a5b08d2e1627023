"""Replays: campaigns on a list whose answers are known, the loop itself beside other methods."""
