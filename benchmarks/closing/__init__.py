"""What closing an iteration takes."""
