"""Commands that show a campaign: pictures, timelines, pages."""
