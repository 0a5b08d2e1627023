"""What passes between a campaign and people: files out, answers in."""
