"""The page that customers come back to: where their payment stands, asked of the provider."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.gateway import OutcomeStatus
from app.domain.subscriptions.models import SubscriptionPeriod
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.workflows.settle_payment import settle_payment
from app.workflows.switch_plan import Shop
from app.workflows.top_up import top_up
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.payments import (
    BASE_URL,
    SELLER,
    invoice_row,
    make_checkout,
    make_invoice,
    payment_row,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements
from tests.translations.reading import main_of

# Two of them are the savepoint in which an outcome is taken.
STATEMENTS_MAX = 10
# Of what is decided: who looks, and what at.
PAGE_STATEMENTS = 2
ASKS_AGAIN = 'hx-trigger="every 2s"'
ENDED = {
    OutcomeStatus.FAILED: "The payment did not go through",
    OutcomeStatus.EXPIRED: "The payment page has expired",
}


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def invoice(ada: Account, now: datetime) -> Invoice:
    return make_invoice(ada, now=now)


@pytest.fixture
def payment_id(ada: Account, invoice: Invoice, gateway: FakeGateway, now: datetime) -> str:
    """An attempt of Ada's; the provider's page `cs_1` waits for her."""
    return make_checkout(ada, invoice, gateway=gateway, now=now).payment_id


def came_back(browser: FlaskClient, payment_id: str, headers: dict[str, str] | None = None) -> str:
    """Return the page that whoever comes back to a payment sees in the end."""
    answer = browser.get(f"/payments/{payment_id}", headers=headers)
    return (browser.get(answer.location, headers=headers) if answer.location else answer).text


class TestShow:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_asks_again_while_nothing_is_decided(
        self, adas: FlaskClient, payment_id: str, invoice: Invoice, headers: dict[str, str]
    ) -> None:
        page = came_back(adas, payment_id, headers=headers)
        assert "Confirming your payment…" in page and "$12.34" in page
        assert ASKS_AGAIN in page and f'hx-get="/payments/{payment_id}"' in page
        assert 'href="https://pay.example.com/cs_1"' in page
        # Coming here settles nothing.
        assert invoice_row(invoice.public_id).status == "issued"

    def test_hands_htmx_the_part_alone(self, adas: FlaskClient, payment_id: str) -> None:
        part = came_back(adas, payment_id, headers=HTMX)
        assert part.lstrip().startswith('<section id="payment"') and "<html" not in part

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_settles_what_the_provider_says(
        self, adas: FlaskClient, payment_id: str, invoice: Invoice, gateway: FakeGateway, headers
    ) -> None:
        gateway.pay("cs_1")
        page = came_back(adas, payment_id, headers=headers)
        assert "Thank you, it is paid" in page and ASKS_AGAIN not in page
        assert f'href="/invoices/{invoice.invoice_number}"' in page
        assert invoice_row(invoice.public_id).status == "paid"
        # What is settled needs no asking.
        came_back(adas, payment_id)
        assert gateway.asked == ["cs_1"]

    def test_says_what_was_sent_back(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway
    ) -> None:
        gateway.pay("cs_1")
        assert "sent back" not in came_back(adas, payment_id)
        with transaction():
            payment_row(payment_id).refunded_minor = 234
        page = words(came_back(adas, payment_id))
        assert "$2.34 of it was sent back to you." in page

    @pytest.mark.parametrize("query", ["token=cs_2&PayerID=FORGED", "token=%00", "status=paid"])
    def test_believes_nothing_of_its_own_address(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway, query: str
    ) -> None:
        page = adas.get(f"/payments/{payment_id}?{query}").text
        assert "Confirming your payment…" in page
        assert gateway.asked == ["cs_1"]
        assert payment_row(payment_id).status == "pending"

    def test_goes_on_while_the_provider_is_away(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway
    ) -> None:
        gateway.pay("cs_1")
        gateway.is_away = True
        answer = adas.get(f"/payments/{payment_id}")
        assert answer.status_code == 200 and ASKS_AGAIN in answer.text
        gateway.is_away = False
        assert "Thank you, it is paid" in came_back(adas, payment_id)

    def test_says_so_while_the_money_takes_its_time(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway
    ) -> None:
        gateway.end("cs_1", OutcomeStatus.PROCESSING, provider_payment="pi_1")
        assert ASKS_AGAIN in came_back(adas, payment_id)

    @pytest.mark.parametrize("status", [OutcomeStatus.FAILED, OutcomeStatus.EXPIRED])
    def test_says_how_else_it_ended(
        self, adas: FlaskClient, payment_id: str, invoice: Invoice, gateway: FakeGateway, status
    ) -> None:
        gateway.end("cs_1", status)
        page = came_back(adas, payment_id)
        assert ENDED[status] in page and "Nothing was charged." in page and ASKS_AGAIN not in page
        assert f'href="/invoices/{invoice.invoice_number}"' in page
        assert ("Your bank declined the payment." in page) == (status is OutcomeStatus.FAILED)
        assert payment_row(payment_id).status == status

    def test_offers_another_try(
        self, adas: FlaskClient, payment_id: str, invoice: Invoice, gateway: FakeGateway
    ) -> None:
        gateway.end("cs_1", OutcomeStatus.FAILED)
        adas.get(f"/payments/{payment_id}")
        answer = adas.get(f"/payments/{payment_id}")
        address = f"/invoices/{invoice.invoice_number}/pay"
        assert f'action="{address}"' in answer.text and ">Try again</button>" in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert all(origin in policy for origin in gateway.checkout_origins)
        again = adas.post(address, data={"provider": "stripe"})
        assert again.status_code == 303 and payment_id not in again.location

    def test_owns_up_to_money_that_came_twice(
        self, adas: FlaskClient, ada: Account, invoice: Invoice, gateway: FakeGateway, now: datetime
    ) -> None:
        first = make_checkout(ada, invoice, gateway=gateway, now=now).payment_id
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        came_back(adas, first)
        second = make_checkout(ada, invoice, gateway=gateway, now=now).payment_id
        gateway.pay(list(gateway.pages)[-1])
        assert "Thank you, it is paid" in came_back(adas, second)

        # The page that was said to have expired took money after all.
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        page = came_back(adas, first)
        assert "Paid twice" in page and "this money is yours" in page
        assert "Thank you, it is paid" in came_back(adas, second)

    def test_believes_no_other_amount(
        self, adas: FlaskClient, payment_id: str, invoice: Invoice, gateway: FakeGateway
    ) -> None:
        page = gateway.pages["cs_1"]
        gateway.pay("cs_1", order=replace(page.order, amount_minor=1))
        answer = adas.get(f"/payments/{payment_id}")
        assert answer.status_code == 200 and ASKS_AGAIN in answer.text
        assert invoice_row(invoice.public_id).status == "issued"

    def test_takes_few_statements(self, adas: FlaskClient, payment_id: str) -> None:
        with statements() as sent:
            adas.get(f"/payments/{payment_id}")
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_is_no_page_when_it_settles_but_leads_to_one(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway
    ) -> None:
        gateway.pay("cs_1")
        settled = adas.get(f"/payments/{payment_id}?token=cs_1&PayerID=P1")
        # What the provider has added to the address goes no further.
        assert settled.status_code == 303 and settled.location == f"/payments/{payment_id}"
        with statements() as sent:
            page = adas.get(settled.location)
        assert "Thank you, it is paid" in page.text
        assert len(sent) == PAGE_STATEMENTS, sent
        check_books()


class TestPurchases:
    @pytest.fixture
    def payment_id(self, app: Flask, ada: Account, gateway: FakeGateway, now: datetime) -> str:
        """An attempt of Ada's to buy tokens; the provider's page `cs_1` waits for her."""
        session.query(SubscriptionPeriod).filter_by(user_id="ada").update(
            {"extra_token_price_pico": 20_000_000}
        )
        session.commit()
        shop = Shop(gateway, {}, BASE_URL, SELLER, timedelta(days=7))
        return top_up(ada, amount_minor=1_000, shop=shop, now=now).checkout.payment_id

    def test_say_what_is_bought(self, adas: FlaskClient, payment_id: str) -> None:
        page = words(came_back(adas, payment_id))
        assert "$10.00 for 500,000 extra tokens" in page and "None" not in page

    def test_say_what_was_added(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway
    ) -> None:
        gateway.pay("cs_1")
        page = came_back(adas, payment_id)
        assert "500,000 extra tokens were added" in words(page)
        assert 'href="/tokens">To your tokens' in page and 'href="/invoices/INV-' in page
        check_books()

    @pytest.mark.parametrize("status", [OutcomeStatus.FAILED, OutcomeStatus.EXPIRED])
    def test_say_how_else_it_ended(
        self, adas: FlaskClient, payment_id: str, gateway: FakeGateway, status: OutcomeStatus
    ) -> None:
        gateway.end("cs_1", status)
        page = came_back(adas, payment_id)
        assert ENDED[status] in page and "No tokens were added; you can try again." in page
        assert "None" not in page and 'href="/invoices/"' not in page


class TestStrangers:
    def test_ben_finds_nothing_and_settles_nothing(
        self, bens: FlaskClient, payment_id: str, invoice: Invoice, gateway: FakeGateway
    ) -> None:
        gateway.pay("cs_1")
        answer, unknown = bens.get(f"/payments/{payment_id}"), bens.get("/payments/pay-nothing")
        assert answer.status_code == unknown.status_code == 404
        assert main_of(answer.text) == main_of(unknown.text)
        assert gateway.asked == [] and invoice_row(invoice.public_id).status == "issued"

    @pytest.mark.parametrize("reference", ["%00", "%ED%A0%80", "a" * 5000, "%27"])
    def test_nonsense_is_no_payment(
        self, adas: FlaskClient, gateway: FakeGateway, reference: str
    ) -> None:
        answer = adas.get(f"/payments/{reference}")
        assert answer.status_code == 404
        assert "You have no payment with this id." in answer.text

    def test_visitors_sign_in_first_and_come_back(
        self, client: FlaskClient, payment_id: str
    ) -> None:
        answer = client.get(f"/payments/{payment_id}")
        assert answer.location == f"/login?next=/payments/{payment_id}"
