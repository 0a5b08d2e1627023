"""What is decided: batches and rounds, as functions of what is recorded and a seed."""
