"""Extra tokens: what was granted and bought on top of plans, and what usage drew of it."""
