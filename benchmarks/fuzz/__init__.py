"""Bad input by the thousand: configurations, CSV files, databases, formulas and weights that nobody would write."""
