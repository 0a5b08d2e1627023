"""Commands that steer a campaign from another shell."""
