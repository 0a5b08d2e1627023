"""A bundle of points for others: findable, accessible, interoperable and reusable, and checked against its digests."""
