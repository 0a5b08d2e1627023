"""What a GPU brings: trainings, actors that share it, ranking, the papers' network, a campaign."""
