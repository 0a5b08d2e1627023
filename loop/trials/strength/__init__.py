"""Models of strength on papers that they have not seen."""
