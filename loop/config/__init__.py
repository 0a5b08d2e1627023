"""The configuration of a campaign: its YAML file, read, checked and turned into parts."""
