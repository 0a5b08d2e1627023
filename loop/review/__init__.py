"""Views of a campaign: MLflow, tables, plots and explanations; all of them can be rebuilt."""
