"""PayPal as far as a shop sees it: orders, captures, refunds, disputes, signed messages, a page."""
