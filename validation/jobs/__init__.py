"""Jobs of validators: a folder for each, a process under limits, a request in, a verdict out."""
