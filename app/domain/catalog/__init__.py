"""What is for sale: plans, and the prices of models' tokens."""
