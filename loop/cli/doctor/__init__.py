"""What ``alloyloop doctor`` looks at."""
