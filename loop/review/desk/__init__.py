"""MLflow as the review desk of a campaign: a view that is written anew from the database at any time."""
