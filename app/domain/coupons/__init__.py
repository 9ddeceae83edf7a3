"""Discount codes: what they grant, to whom, and on which invoices they were used."""
