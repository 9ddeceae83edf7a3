"""What the numbers of all other subjects say together: statistics, overview, forecast."""
