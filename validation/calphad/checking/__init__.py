"""What a person should know of a thermodynamic database before it is trusted."""
