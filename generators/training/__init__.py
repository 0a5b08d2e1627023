"""How a family is trained: rows, epochs, weights as bytes."""
