"""What is shown: MLflow, tables, plots and explanations; all of it can be rebuilt."""
