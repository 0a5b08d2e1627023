"""Tables that people bring: which column is what, and the rows that are read from them."""
