"""Which phases there are along a line: against temperature, and against temperature and composition."""
