"""Who the customers and operators are, what they set, and the keys that speak for them."""
