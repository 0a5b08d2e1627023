"""Validators that ask a command: JSON request in, JSON verdict out; here (`script`) or through Slurm (`slurm`)."""
