"""What foreign points save a campaign."""
