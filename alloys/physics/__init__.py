"""Knowledge before any data: bundles of descriptors, closed forms, prior means and derivations.

`registry.get_physics` gives a bundle by its name. Functions of a bundle take ``elements`` (a tuple of symbols) and
``fractions`` of shape ``(n, d)`` whose rows sum to one, and return arrays of shape ``(n,)`` in the property's unit.
"""
