"""Pictures of phases: fractions against temperature, freezing, and sections between two alloys."""
