"""The report of a campaign: one page, whose every number says where in the database it comes from."""
