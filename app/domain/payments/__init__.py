"""How money arrives: attempts, saved cards, refunds, disputes and providers' events."""
