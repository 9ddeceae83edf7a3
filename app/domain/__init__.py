"""What the business is: one package per subject, lowest first in the ladder.

accounts, catalog, coupons, subscriptions, tokens, usage, invoices, payments, alerts, reporting.
"""
