"""What a batch of designs must keep together."""
