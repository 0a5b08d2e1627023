"""When things happen: the driver of a campaign, its schedule and its main job."""
