"""Validators: a request goes in, a verdict comes out."""
