"""Pictures of a campaign: plain data, drawn for paper (matplotlib) and for the browser (plotly)."""
