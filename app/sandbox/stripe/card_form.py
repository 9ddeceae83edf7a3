"""The card form of the hosted page: what was typed, and whether it is a test card at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.sandbox.stripe.cards import BY_NUMBER, Card

EXPIRY = re.compile(r"(\d{1,2})\s*/?\s*(\d{2}|\d{4})", re.ASCII)
CVC = re.compile(r"\d{3}", re.ASCII)
NUMBER_LENGTHS = range(12, 20)
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
LENGTH_MAX = 100
CENTURY = 2000
YEARS_AHEAD_MAX = 50
FILLED = {"cardExpiry": "12 / 34", "cardCvc": "123", "billingName": "Ada Lovelace"}
FIELDS = ("email", "cardNumber", "cardExpiry", "cardCvc", "billingName")


@dataclass(slots=True)
class CardForm:
    """What stands in the fields, and next to each of them what is wrong with it."""

    fields: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    card: Card | None = None
    expires: tuple[int, int] = (0, 0)


def empty_form(*, email: str) -> CardForm:
    """Return the form as it is first shown."""
    return CardForm(dict.fromkeys(FIELDS, "") | {"email": email})


def filled_form(card: Card, *, email: str) -> CardForm:
    """Return the form filled with a test card."""
    return CardForm(FILLED | {"cardNumber": card.spaced, "email": email or "ada@example.com"})


def read_form(given: Mapping[str, str], *, email: str, now: float) -> CardForm:
    """Read what was typed. The card is only there if nothing is wrong with the rest."""
    typed = {name: given.get(name, "").strip()[:LENGTH_MAX] for name in FIELDS}
    form = CardForm(typed | {"email": email or typed["email"]})
    if not EMAIL.fullmatch(form.fields["email"]):
        form.errors["email"] = "Enter an email address like ada@example.com."
    if not form.fields["billingName"]:
        form.errors["billingName"] = "Enter the name on the card."
    if not CVC.fullmatch(form.fields["cardCvc"]):
        form.errors["cardCvc"] = "Your card's security code has three digits."
    _read_expiry(form, now)
    card = _read_number(form)
    if not form.errors:
        form.card = card
    return form


def _read_number(form: CardForm) -> Card | None:
    number = re.sub(r"[\s-]", "", form.fields["cardNumber"])
    card = BY_NUMBER.get(number)
    if card is None and not _could_be_a_card(number):
        form.errors["cardNumber"] = "Your card number is incomplete or mistyped."
    elif card is None:
        # Whatever this is, it may be somebody's real card: it is not shown again.
        form.fields["cardNumber"] = ""
        form.errors["cardNumber"] = "This is no test card. Real cards are not taken here."
    return card


def _could_be_a_card(number: str) -> bool:
    """Tell whether it is long enough and its check digit is right."""
    if not number.isascii() or not number.isdigit() or len(number) not in NUMBER_LENGTHS:
        return False
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in number[-1::-2])) % 10 == 0


def _read_expiry(form: CardForm, now: float) -> None:
    match = EXPIRY.fullmatch(form.fields["cardExpiry"])
    month, year = (int(match[1]), int(match[2])) if match else (0, 0)
    year += CENTURY if year < CENTURY else 0
    today = datetime.fromtimestamp(now, UTC)
    if not match or not 1 <= month <= 12:  # noqa: PLR2004 - months are what they are
        form.errors["cardExpiry"] = "Enter month and year, like 12 / 34."
    elif (year, month) < (today.year, today.month):
        form.errors["cardExpiry"] = "Your card's expiration date is in the past."
    elif year > today.year + YEARS_AHEAD_MAX:
        form.errors["cardExpiry"] = "Your card's expiration year is too far ahead."
    form.expires = (month, year)
