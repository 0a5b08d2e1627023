"""Pictures of a reproduction, each from numbers alone."""
