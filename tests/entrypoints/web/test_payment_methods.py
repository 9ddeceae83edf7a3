"""The page of saved cards: what they are for, adding one with consent, removing one knowingly."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.payments import cards, consent
from app.domain.payments.models import PaymentMethod
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, signed_in
from tests.factories.accounts import make_account
from tests.factories.payments import make_card
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.payment_gateway import make_card as card_at_provider
from tests.statements import statements

STATEMENTS_MAX = 10
PAGE = "/payment-methods"
AGREED = {"consent": consent.VERSION}


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def visa(ada: Account, now: datetime) -> PaymentMethod:
    """Ada's first card, which is her default."""
    return make_card(ada, now=now)


@pytest.fixture
def mastercard(ada: Account, visa: PaymentMethod, now: datetime) -> PaymentMethod:
    """Ada's second card."""
    return make_card(ada, 2, brand="mastercard", last4="4444", now=now)


def last4s(account: Account, *, now: datetime) -> list[str]:
    session.rollback()
    return [card.last4 for card in cards.cards_of(account, now=now)]


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


class TestIndex:
    def test_says_what_it_is_like_without_cards(self, adas: FlaskClient) -> None:
        page = adas.get(PAGE).text
        assert "No cards yet" in page and consent.TEXT in page
        assert 'aria-current="page"' in page and ">Payment methods</span>" in page

    def test_shows_the_cards(
        self, adas: FlaskClient, mastercard: PaymentMethod, visa: PaymentMethod
    ) -> None:
        page = words_of(adas.get(PAGE).text)
        assert "Visa •••• 4242 Dec 2034 default" in page
        assert "Mastercard •••• 4444 Dec 2034 Make default" in page

    def test_shows_what_is_wrong_with_a_card(
        self, adas: FlaskClient, ada: Account, visa: PaymentMethod
    ) -> None:
        with transaction():
            row = cards.card_by_id(visa.id)
            row.expires_on, row.consent_version, row.consented_at = "2020-01", None, None
        page = words_of(adas.get(PAGE).text)
        assert "Jan 2020 default expired not charged by itself" in page

    def test_says_what_is_switched_on(
        self, adas: FlaskClient, ada: Account, visa: PaymentMethod
    ) -> None:
        page = words_of(adas.get(PAGE).text)
        assert (
            "Auto top-up on, without a threshold" in page
            and "Renewals off no plan of yours is to be renewed" in page
            and "Auto-pay off" in page
        )
        shown = adas.get(PAGE).text
        for place in ("/tokens#automatic-title", "/plans", "/settings#auto_pay"):
            assert f'<a href="{place}" aria-label="Change it:' in shown
        with transaction():
            settings = account_queries.settings_of(ada)
            settings.auto_topup_threshold, settings.auto_pay = 1_000, True
        page = words_of(adas.get(PAGE).text)
        assert "Auto top-up on" in page and "Renewals off" in page and "Auto-pay on" in page
        assert "Auto top-up stops" in page and "Invoices are no longer paid by themselves" in page

    def test_says_that_a_plan_is_renewed(self, app: Flask, password_hash: str) -> None:
        pro = make_account("pro", plan_id="plan-pro", password_hash=password_hash)
        page = words_of(signed_in(app, pro).get(PAGE).text)
        assert "Renewals on the next month of your plan, until you cancel it" in page

    def test_says_what_the_next_card_is_not_charged_for(
        self, adas: FlaskClient, ada: Account, mastercard: PaymentMethod, visa: PaymentMethod
    ) -> None:
        with transaction():
            account_queries.settings_of(ada).auto_pay = True
        page = words_of(adas.get(PAGE).text)
        assert "Mastercard ending in 4444 becomes your default card and is charged instead." in page
        assert "Your default card stays Visa ending in 4242." in page
        assert "no longer paid by themselves" not in page
        with transaction():
            row = cards.card_by_id(mastercard.id)
            row.consent_version, row.consented_at = None, None
        page = words_of(adas.get(PAGE).text)
        assert "4444 becomes your default card, but is not charged by itself." in page
        assert "Invoices are no longer paid by themselves" in page
        assert "charged instead" not in page and "your only card" not in page

    def test_warns_that_nothing_happens_without_a_card(
        self, adas: FlaskClient, ada: Account
    ) -> None:
        with transaction():
            account_queries.settings_of(ada).auto_pay = True
        assert "There is no card to charge" in adas.get(PAGE).text

    def test_hands_htmx_the_part_alone(self, adas: FlaskClient, visa: PaymentMethod) -> None:
        part = adas.get(PAGE, headers=HTMX).text
        assert part.lstrip().startswith('<div id="payment-methods"') and "<html" not in part

    def test_takes_few_statements(self, adas: FlaskClient, mastercard: PaymentMethod) -> None:
        with statements() as sent:
            adas.get(PAGE)
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_visitors_sign_in_first(self, client: FlaskClient) -> None:
        assert client.get(PAGE).location == f"/login?next={PAGE}"


class TestAdd:
    def test_leads_to_the_providers_page(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        answer = adas.post(PAGE, data=AGREED)
        assert (answer.status_code, answer.location) == (303, "https://pay.example.com/cs_1")
        assert gateway.setups["cs_1"].account_id == "ada"
        policy = adas.get(PAGE).headers["Content-Security-Policy"]
        assert "form-action 'self' https://pay.example.com" in policy

    @pytest.mark.parametrize(
        ("sent", "words"), [({}, "Tick the box"), ({"consent": "2020-01"}, "has changed")]
    )
    def test_wants_consent_first(
        self, adas: FlaskClient, gateway: FakeGateway, sent: dict[str, str], words: str
    ) -> None:
        answer = adas.post(PAGE, data=sent)
        assert answer.status_code == 422 and gateway.setups == {}
        said = re.search(r'id="consent-errors"[^>]*role="alert"[^>]*><span>([^<]*)<', answer.text)
        assert said is not None and words in said[1]
        assert 'aria-invalid="true"' in answer.text

    def test_says_so_when_the_provider_is_away(
        self, adas: FlaskClient, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        answer = adas.post(PAGE, data=AGREED)
        assert answer.status_code == 503
        assert "could not be opened" in answer.text and "The fake is away." in answer.text


class TestComingBack:
    def test_shows_the_card_that_was_saved(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        adas.post(PAGE, data=AGREED)
        waiting = adas.get(f"{PAGE}?session=cs_1").text
        assert "as soon as the payment provider confirms it" in waiting
        gateway.save("cs_1", card_at_provider())
        for _ in range(2):
            page = adas.get(f"{PAGE}?session=cs_1").text
            assert "Your card is saved." in page and "4242" in page
        assert last4s(ada, now=now) == ["4242"]

    def test_gives_ben_no_card_of_adas(
        self, adas: FlaskClient, bens: FlaskClient, gateway: FakeGateway
    ) -> None:
        adas.post(PAGE, data=AGREED)
        gateway.save("cs_1", card_at_provider())
        assert "No cards yet" in bens.get(f"{PAGE}?session=cs_1").text
        assert session.query(PaymentMethod).count() == 0

    @pytest.mark.parametrize("reference", ["", "%00", "cs_none", "a" * 5000, "%ED%A0%80", "%27"])
    def test_makes_nothing_of_nonsense(
        self, adas: FlaskClient, gateway: FakeGateway, reference: str
    ) -> None:
        assert adas.get(f"{PAGE}?session={reference}").status_code == 200


class TestChoose:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_changes_the_default(
        self, adas: FlaskClient, ada: Account, mastercard: PaymentMethod, now: datetime, headers
    ) -> None:
        answer = adas.post(f"{PAGE}/{mastercard.id}/default", headers=headers)
        assert answer.status_code == (200 if headers else 302)
        assert last4s(ada, now=now) == ["4444", "4242"]


class TestRemove:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_takes_the_card_away(
        self, adas: FlaskClient, ada: Account, mastercard: PaymentMethod, now: datetime, headers
    ) -> None:
        answer = adas.post(f"{PAGE}/{mastercard.id}/remove", headers=headers)
        assert answer.status_code == (200 if headers else 302)
        assert last4s(ada, now=now) == ["4242"]
        assert session.query(OutboxEntry).filter_by(kind="forget_card").count() == 1

    def test_says_before_what_will_happen(
        self, adas: FlaskClient, visa: PaymentMethod, mastercard: PaymentMethod
    ) -> None:
        page = words_of(adas.get(PAGE).text)
        assert "Mastercard ending in 4444 becomes your default card" in page
        assert "Your default card stays Visa ending in 4242" in page
        adas.post(f"{PAGE}/{mastercard.id}/remove")
        assert "It is your only card." in words_of(adas.get(PAGE).text)


class TestStrangers:
    @pytest.mark.parametrize("act", ["default", "remove"])
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_bens_hand_does_not_reach_adas_card(
        self, bens: FlaskClient, ada: Account, mastercard: PaymentMethod, act: str, headers
    ) -> None:
        answer = bens.post(f"{PAGE}/{mastercard.id}/{act}", headers=headers)
        assert answer.status_code == 404 and "4444" not in answer.text
        assert last4s(ada, now=mastercard.created_at) == ["4242", "4444"]
        assert "4242" not in bens.get(PAGE).text

    @pytest.mark.parametrize("number", ["0", "999", str(2**63 - 1), str(2**63), "x", "-1"])
    @pytest.mark.parametrize("act", ["default", "remove"])
    def test_answers_404_for_what_is_not_there(
        self, adas: FlaskClient, number: str, act: str
    ) -> None:
        assert adas.post(f"{PAGE}/{number}/{act}").status_code == 404


class TestWhatTheCardIsFor:
    @pytest.mark.parametrize(
        ("threshold", "said"),
        [
            (10_000, "When fewer than 10,000 tokens are left, buy 666,666 tokens for 100.00 USD,"),
            (0, "With a threshold of 0 nothing is ever bought."),
        ],
    )
    def test_says_the_rule_as_the_tokens_page_does(
        self, pias: FlaskClient, pia: Account, threshold: int, said: str
    ) -> None:
        with transaction():
            settings = account_queries.settings_of(pia)
            settings.auto_topup, settings.auto_topup_threshold = True, threshold
        assert said in pias.get(PAGE).text and said in pias.get("/tokens").text

    def test_says_that_nothing_is_for_sale(self, adas: FlaskClient) -> None:
        assert "Your plan sells no extra tokens, so nothing would be bought." in adas.get(PAGE).text
