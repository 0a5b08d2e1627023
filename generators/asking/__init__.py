"""How a generator is asked: targets, guidance, resampling."""
