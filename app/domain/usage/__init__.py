"""What was used: one record per request, its cost, and the rollups that pages read."""
