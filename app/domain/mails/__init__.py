"""What customers are written: each message once, kept with what it is about."""
