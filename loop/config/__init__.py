"""What a campaign is told: its YAML file, read, checked and turned into parts."""
