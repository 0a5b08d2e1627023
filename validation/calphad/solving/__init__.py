"""Equilibria of one alloy: Gibbs-energy surfaces, tangent planes, melting, solidification."""
