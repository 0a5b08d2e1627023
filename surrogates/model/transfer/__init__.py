"""Points of another source or condition: a task of their own beside the campaign's, used where it does not harm."""
