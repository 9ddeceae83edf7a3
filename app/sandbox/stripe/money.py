"""Amounts in the smallest unit of their currency, and what can be charged at all."""

from dataclasses import dataclass

from app.sandbox.stripe.refusals import NotInTheSandbox, ParameterInvalid, RequestInvalid

AMOUNT_MAX = 99_999_999


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency is written, and the least that can be charged in it."""

    sign: str
    decimals: int
    amount_min: int


CURRENCIES = {
    "usd": Currency("$", 2, 50),
    "eur": Currency("€", 2, 50),
    "gbp": Currency("£", 2, 30),
    "jpy": Currency("¥", 0, 50),
}


def checked_currency(code: str, *, param: str) -> str:
    """Return the currency as it is kept, in lower case."""
    if code.lower() not in CURRENCIES:
        known = ", ".join(CURRENCIES)
        raise NotInTheSandbox(f"the currency {code} (only {known})", param=param)
    return code.lower()


def check_amount(amount: int, currency: str, *, param: str) -> None:
    """Refuse an amount that no card is charged."""
    least = CURRENCIES[currency].amount_min
    if amount < least:
        message = f"Amount must be at least {written(least, currency)} {currency}."
        raise RequestInvalid(message, code="amount_too_small", param=param)
    if amount > AMOUNT_MAX:
        message = f"Amount must be no more than {written(AMOUNT_MAX, currency)}."
        raise RequestInvalid(message, code="amount_too_large", param=param)


def check_positive(amount: int, *, param: str) -> None:
    """Refuse zero and less."""
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise ParameterInvalid(message, code="parameter_invalid_integer", param=param)


def written(amount: int, currency: str) -> str:
    """Write an amount for people."""
    known = CURRENCIES[currency]
    if not known.decimals:
        return f"{known.sign}{amount:,}"
    whole, rest = divmod(amount, 10**known.decimals)
    return f"{known.sign}{whole:,}.{rest:0{known.decimals}}"
