"""Several models of one property that vote: processes with drawn hyperparameters, and trees."""
