"""What of the settings the doors pass on to the domain, in the domain's words."""

from datetime import timedelta

from flask import current_app

from app.domain.reporting.entitlements import CreditLimits


def renewal_grace() -> timedelta:
    """Return how long a renewal may stay unpaid."""
    return timedelta(days=current_app.config["SETTINGS"].renewal_grace_days)


def credit_limits() -> CreditLimits:
    """Return what accounts may owe that have no limit of their own."""
    settings = current_app.config["SETTINGS"]
    return CreditLimits(
        new_minor=settings.credit_limit_new_minor, settled_minor=settings.credit_limit_minor
    )
