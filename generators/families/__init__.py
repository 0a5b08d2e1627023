"""The families of generators, one file each, its paper named."""
