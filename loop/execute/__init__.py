"""Where work is done: in this process, on Ray, or in a submitted job."""
