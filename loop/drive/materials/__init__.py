"""A campaign and the materials table: what it reads as it begins, what that answers, and what goes back."""
