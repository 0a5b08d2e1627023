"""Expressions to compiled functions, which are kept between processes."""
