"""``alloyloop ui`` and ``alloyloop mlflow``: MLflow as the review desk of campaigns."""
