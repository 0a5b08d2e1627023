"""Why: what a prediction rests on."""
