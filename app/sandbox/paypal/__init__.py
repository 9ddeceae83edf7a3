"""PayPal as far as a shop sees it: orders, captures, refunds, signed messages, the buyer's page."""
