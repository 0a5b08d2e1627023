"""The validation queue: every way a job changes, by workers, by people and by files of answers."""
