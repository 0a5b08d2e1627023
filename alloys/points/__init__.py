"""Points: single facts about materials, with their conditions and their sources; nothing is averaged away."""
