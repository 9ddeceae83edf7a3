"""Amounts as PayPal has them: texts with as many decimals as the currency."""

import re

from app.sandbox.paypal.refusals import (
    Json,
    NotInTheSandbox,
    RequestInvalid,
    Unprocessable,
    malformed,
    missing,
)

VALUE = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def checked(given: object, *, field: str) -> Json:
    """Return an amount as it is kept, or refuse it."""
    if not isinstance(given, dict):
        raise missing(field)
    code, value = given.get("currency_code"), given.get("value")
    if code is None or value is None:
        raise missing(f"{field}/{'value' if code else 'currency_code'}")
    if not isinstance(code, str) or not isinstance(value, str) or not VALUE.fullmatch(value):
        raise malformed(f"{field}/value")
    if code not in SIGNS:
        raise NotInTheSandbox(f"the currency {code}", field=f"{field}/currency_code")
    amount = of_cents(cents({"value": value}), code)
    if cents(amount) == 0:
        raise Unprocessable(
            "CANNOT_BE_ZERO_OR_NEGATIVE", "It must be more than zero.", field=f"{field}/value"
        )
    if set(given) - {"currency_code", "value"}:
        raise NotInTheSandbox("the breakdown of an amount", field=field)
    return amount


def cents(amount: Json) -> int:
    """Return an amount in cents."""
    whole, _, rest = amount["value"].partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def of_cents(number: int, currency: str) -> Json:
    """Return so many cents as an amount."""
    whole, rest = divmod(number, 100)
    return {"currency_code": currency, "value": f"{whole}.{rest:02}"}


def check_same_currency(one: Json, other: Json) -> None:
    """Refuse to reckon with two currencies."""
    if one["currency_code"] != other["currency_code"]:
        raise RequestInvalid("CURRENCY_MISMATCH", "The currencies differ.", field="/amount")


def written(amount: Json) -> str:
    """Write an amount for people."""
    whole, rest = divmod(cents(amount), 100)
    return f"{SIGNS[amount['currency_code']]}{whole:,}.{rest:02}"
