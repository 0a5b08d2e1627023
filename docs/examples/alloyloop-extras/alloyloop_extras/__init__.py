"""Extensions of alloyloop, found by entry points; docs/howto/extend.md tells how."""
