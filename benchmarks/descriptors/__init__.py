"""What the descriptors of the generic bundle cost, and what choosing among them is worth on published tables."""
