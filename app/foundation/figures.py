"""How amounts, counts and days are written for people, on pages, in mails and on paper alike."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from app.foundation.languages import ENGLISH, day_in
from app.foundation.money import percent_from_basis_points, usd_from_minor, usd_from_nanos
from app.foundation.sentences import say

MINUS = "−"
CENT = Decimal("0.01")
# A million tokens at a pico-dollar each cost a micro-dollar.
NANOS_PER_MILLION = 1000
# How an invoice may have been paid, by how that is stored.
PAYMENT_METHODS = {
    "stripe": say("Card (Stripe)"),
    "paypal": say("PayPal"),
    "account credit": say("Account credit"),
    "nothing due": say("Nothing was due"),
}


def dollars(amount: Decimal) -> str:
    """Return the amount with the decimals it has."""
    return f"{MINUS if amount < 0 else ''}${abs(amount):,f}"


def usd_of_minor(minor: int) -> str:
    """Return an amount of cents."""
    return dollars(usd_from_minor(minor).quantize(CENT))


def usd_per_million(pico: int) -> str:
    """Return a price per token as that of a million tokens, exactly: $20.00."""
    amount = usd_from_nanos(pico * NANOS_PER_MILLION)
    cents = amount.quantize(CENT)
    return dollars(cents if cents == amount else amount)


def usd_written(minor: int) -> str:
    """Return an amount of cents as the fields have it that it is typed into: 1,234.50 USD.

    So it reads in the sentences that say what was typed, while it is; everywhere else: $1,234.50.
    """
    return f"{usd_from_minor(minor).quantize(CENT):,f} USD"


def count(number: int) -> str:
    """Return the number with thousands separators."""
    return f"{number:,}".replace("-", MINUS)


def rate(basis_points: int) -> str:
    """Return a percentage as taxes are named: 19%, 8.875%."""
    return f"{percent_from_basis_points(basis_points):f}%"


def day(moment: datetime, local: tzinfo = UTC, language: str = ENGLISH) -> str:
    """Return the local date as it is written in the language: 22 Nov 2026."""
    return day_in(language, moment.astimezone(local).date())


def payment_method(stored: str) -> str:
    """Name the way money went, as it stands beside its label; an unknown way as it is stored."""
    return PAYMENT_METHODS.get(stored, stored)
