"""What customers want to be told, and what they have been told."""
