"""The card form's dates: a card is good to the end of its month."""

from datetime import UTC, datetime

import pytest

from app.sandbox.stripe.card_form import read_form
from app.sandbox.stripe.cards import BY_LAST4, BY_NUMBER, BY_TOKEN, CARDS
from tests.sandbox.shopping import typed

NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expiry", "expires"),
    [
        ("12/26", (12, 2026)),
        ("12 / 2026", (12, 2026)),
        ("1227", (12, 2027)),
        ("1/27", (1, 2027)),
        ("01/76", (1, 2076)),
    ],
)
def test_takes_a_date_to_come(expiry: str, expires: tuple[int, int]) -> None:
    form = read_form(typed(cardExpiry=expiry), email="", now=NEW_YEARS_EVE)
    assert form.errors == {} and form.expires == expires
    assert form.card is not None and form.card.last4 == "4242"


@pytest.mark.parametrize("expiry", ["11/26", "12/25", "0/27", "13/27", "1/77", "", "x", "1/2/27"])
def test_refuses_another(expiry: str) -> None:
    form = read_form(typed(cardExpiry=expiry), email="", now=NEW_YEARS_EVE)
    assert set(form.errors) == {"cardExpiry"} and form.card is None


def test_prefers_the_address_that_is_known() -> None:
    form = read_form(typed(email="x"), email="ada@example.com", now=NEW_YEARS_EVE)
    assert form.errors == {} and form.fields["email"] == "ada@example.com"


def test_every_card_can_be_told_from_the_others() -> None:
    tokens = [token for card in CARDS for token in card.tokens]
    assert len(BY_NUMBER) == len(BY_LAST4) == len(CARDS) and len(BY_TOKEN) == len(tokens)
