"""Buying tokens with a saved card: offered where there is one, looked at, and then charged."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice, TaxRate
from app.domain.payments import cards
from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.reconcile_payments import ask_about_attempts
from tests.books import check_books
from tests.entrypoints.web.conftest import words_of
from tests.factories.payments import BASE_URL
from tests.factories.purchases import make_card, payments_of
from tests.fakes.payment_gateway import FakeGateway

PAGE, BUY = "/tokens", "/tokens/buy"
OFFER = 'name="provider" value="card"'


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    yield gateway
    check_books()


@pytest.fixture
def finish(pias: FlaskClient, pia: Account, now: datetime) -> str:
    """Where a purchase is shown that Pia has begun with her saved card."""
    make_card(pia, now=now)
    answer = pias.post(BUY, data={"amount": "50", "provider": "card"})
    assert answer.status_code == 303
    return answer.location


def charged(browser: FlaskClient, finish: str, **sent: object):
    card = cards.find_default("pia")
    given = {"card": 0 if card is None else card.id, **sent}
    return browser.post(finish.replace("/finish/", "/charge/"), data=given)


def balance(account: Account) -> int:
    session.rollback()
    session.refresh(account)
    return account.extra_tokens


class TestOffer:
    def test_stands_where_a_card_is_saved(
        self, pias: FlaskClient, pia: Account, now: datetime
    ) -> None:
        before = pias.get(PAGE).text
        assert OFFER not in before and "Pay by card" in before
        make_card(pia, now=now)
        page = pias.get(PAGE).text
        assert OFFER in page and "Pay with Visa ending in 4242" in page
        # The others stay: another card, or none.
        assert "Pay by another card" in page and 'value="stripe"' in page

    def test_needs_who_has_saved_the_card(
        self, app: Flask, pias: FlaskClient, finish: str, gateway: FakeGateway
    ) -> None:
        app.config[GATEWAYS] = {"paypal": gateway}
        assert OFFER not in pias.get(PAGE).text
        assert "is charged at once" not in words_of(pias.get(finish).text)

    def test_shows_what_for_before_anything_is_charged(
        self, pias: FlaskClient, pia: Account, finish: str, gateway: FakeGateway
    ) -> None:
        page = words_of(pias.get(finish).text)
        assert "You buy 333,333 extra tokens for $50.00." in page
        assert "Visa ending in 4242 is charged at once" in page and "Pay $50.00 now" in page
        assert (gateway.charged, balance(pia)) == ([], 0)

    def test_names_the_tax(self, pias: FlaskClient, pia: Account, now: datetime) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="USt", rate_bp=1_900, updated_at=now))
        pias.post("/settings", data={"country": "DE"})
        make_card(pia, now=now)
        finish = pias.post(BUY, data={"amount": "50", "provider": "card"}).location
        page = words_of(pias.get(finish).text)
        assert "You buy 333,333 extra tokens for $59.50, $9.50 of it tax." in page
        assert "Pay $59.50 now" in page

    def test_refuses_an_amount_at_the_field(self, pias: FlaskClient, pia: Account) -> None:
        make_card(pia, now=clock.now())
        answer = pias.post(BUY, data={"amount": "4.99", "provider": "card"})
        assert answer.status_code == 422 and "from 5 to 10,000 USD" in answer.text

    def test_takes_any_way_to_pay_once_the_card_is_gone(
        self, pias: FlaskClient, pia: Account, finish: str, now: datetime
    ) -> None:
        with transaction():
            cards.remove_card(pia, cards.find_default("pia").id, now=now)
        page = pias.get(finish).text
        assert "Nothing has been charged so far." in page and 'value="stripe"' in page
        assert "/tokens/charge/" not in page


class TestCharge:
    def test_adds_the_tokens(self, pias: FlaskClient, pia: Account, finish: str) -> None:
        answer = charged(pias, finish)
        assert answer.status_code == 303 and "/payments/pay-" in answer.location
        assert "333,333 extra tokens were added" in words_of(pias.get(answer.location).text)
        assert "This purchase is done" in pias.get(finish).text
        # Once more, by the button of another tab: the same payment is shown.
        assert charged(pias, finish).location == answer.location
        assert balance(pia) == 333_333

    def test_says_why_the_card_was_declined(
        self, pias: FlaskClient, pia: Account, finish: str, gateway: FakeGateway
    ) -> None:
        gateway.declines_with = "insufficient_funds"
        page = words_of(pias.get(charged(pias, finish).location).text)
        assert "The payment did not go through" in page and "Nothing was charged." in page
        assert "The reason: there were not enough funds on the card." in page
        gone = words_of(pias.get(finish).text)
        assert "It was given up unpaid; nothing was charged." in gone
        assert "auto top-up" not in gone
        assert balance(pia) == 0

    def test_leads_to_the_bank(
        self, pias: FlaskClient, pia: Account, finish: str, gateway: FakeGateway
    ) -> None:
        gateway.declines_with = "authentication_required"
        assert charged(pias, finish).location == finish
        page = words_of(pias.get(finish).text)
        assert "Your bank waits for you" in page and "Confirm and pay by card" in page
        assert "You buy 333,333 extra tokens for $50.00." in page and "Auto top-up" not in page
        # Who leaves now finds it again.
        assert f'href="{finish}"' in pias.get(PAGE).text
        assert pias.post(finish).location.startswith("https://pay.example.com/")

    def test_leads_back_to_each_that_waits(
        self, pias: FlaskClient, finish: str, gateway: FakeGateway
    ) -> None:
        gateway.declines_with = "authentication_required"
        other = pias.post(BUY, data={"amount": "80", "provider": "card"}).location
        for each in (finish, other):
            charged(pias, each)
        # The page that follows is the provider's own, and begins anew.
        asks_anew = "The payment page asks for your card anew, and your bank confirms it there."
        assert asks_anew in words_of(pias.get(finish).text)
        page = pias.get(PAGE).text
        said = words_of(page)
        assert page.count(f'href="{finish}"') == page.count(f'href="{other}"') == 1
        assert said.count("Your bank wants you to confirm a purchase") == 2
        for bought in ("333,333 extra tokens for $50.00", "533,333 extra tokens for $80.00"):
            assert f"{bought}, begun on " in said and asks_anew in said
        # Whoever left the provider's page finds it where the purchase stands.
        opened = pias.post(finish).location
        page = pias.get(PAGE).text
        assert f'href="{opened}"' in page and f'href="{finish}"' not in page
        assert f'href="{opened}"' in pias.get(finish).text

    def test_says_that_nobody_knows_yet(
        self, pias: FlaskClient, pia: Account, finish: str, gateway: FakeGateway
    ) -> None:
        gateway.loses_answers = True
        shown = charged(pias, finish).location
        assert "Confirming your payment…" in pias.get(shown).text
        # Meanwhile it is paid in no other way.
        assert pias.get(finish).location == shown
        assert pias.post(finish).location == shown
        gateway.loses_answers = False
        later = payments_of(pia)[-1].updated_at
        session.rollback()
        ask_about_attempts(
            gateways={"stripe": gateway}, base_url=BASE_URL, now=later.replace(year=later.year + 1)
        )
        assert "333,333 extra tokens were added" in words_of(pias.get(shown).text)
        assert balance(pia) == 333_333

    @pytest.mark.parametrize("sent", [{"card": 0}, {"card": "x"}, {"card": "9" * 40}])
    def test_charges_no_card_that_was_not_shown(
        self, pias: FlaskClient, finish: str, gateway: FakeGateway, sent: dict[str, object]
    ) -> None:
        answer = charged(pias, finish, **sent)
        assert answer.status_code == 409
        page = words_of(answer.text)
        assert "Nothing was paid Your saved card has changed." in page and "Pay $50.00 now" in page
        assert gateway.charged == []

    def test_is_nobody_elses(self, bens: FlaskClient, finish: str, gateway: FakeGateway) -> None:
        assert charged(bens, finish).status_code == 404
        assert gateway.charged == []

    def test_is_drawn_up_as_a_draft_that_lapses(self, finish: str, pia: Account) -> None:
        (draft,) = session.query(Invoice).filter_by(user_id="pia", kind="topup").all()
        assert (draft.status, draft.invoice_number) == ("draft", None)
