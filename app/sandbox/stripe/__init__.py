"""Stripe as far as it is needed: the API its SDK speaks to, and the page its customers pay on."""
