"""Conditional generators of compositions: one family per file behind one interface.

`generators.interface` says what a generator is, `generators.registry` finds families by name, and
`generators.train.train` trains one as a pure function. `families` holds one file for each family, `training` what they
share, `asking` how a generator is asked, `evaluation` how good it is. Importing `generators.registry`,
`generators.train` or `generators.asking.targets` does not import torch.
"""
