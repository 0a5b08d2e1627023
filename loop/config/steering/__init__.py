"""What people change as a campaign goes on, and when it has done enough."""
