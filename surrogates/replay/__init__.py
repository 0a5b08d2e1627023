"""Replays of campaigns on tables whose answers are known: what a method would have found, and how soon.

The protocol is that of Liang et al., npj Comput. Mater. 7 (2021) 188 (10.1038/s41524-021-00656-9).
"""
