"""Which plan an account is on, period by period."""
