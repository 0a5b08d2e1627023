"""The loop: campaign, steps, driver, queue and store, tracking, cluster, configuration, command line, reports."""
