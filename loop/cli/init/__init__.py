"""``alloyloop init``: from a person's table to a campaign's file."""
