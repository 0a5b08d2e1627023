"""The papers' models on bare fractions: a softmax at the end, no copies of rows, no masks, no loss of properties."""
