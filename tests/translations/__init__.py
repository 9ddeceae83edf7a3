"""What is told to people, held against the catalogs of translations."""
