"""Whole days of customers: a real browser against real processes."""
