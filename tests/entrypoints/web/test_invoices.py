"""The invoice pages: what is owed, what each invoice says, and the way to the provider's page."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.consent import VERSION
from app.domain.payments.models import Payment
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.web.invoices import PAGE_SIZE
from app.foundation.database import db, session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.entrypoints.test_security_headers import directives
from tests.entrypoints.web.conftest import HTMX, PASSWORD
from tests.entrypoints.web.test_access import token_in
from tests.factories.payments import invoice_row, make_card, make_checkout, make_invoice
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.html_lint import LintingClient
from tests.statements import statements
from tests.translations.reading import main_of

STATEMENTS_MAX = 10
UNKNOWN = ("INV-1-2020-01", "%00", "%ED%A0%80", "a" * 5000, "draft-2999-13", "draft-2020-01", "%27")
PAY, PAYPAL = "Pay by card", "Pay with PayPal"
TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


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
def invoice(ada: Account, now: datetime, gateway: FakeGateway) -> Invoice:
    return make_invoice(ada, now=now)


@pytest.fixture
def address(invoice: Invoice) -> str:
    return f"/invoices/{invoice.invoice_number}"


@pytest.fixture
def payment_id(ada: Account, invoice: Invoice, gateway: FakeGateway, now: datetime) -> str:
    """An attempt of Ada's; the provider's page `cs_1` waits for her."""
    return make_checkout(ada, invoice, gateway=gateway, now=now).payment_id


def settle(gateway: FakeGateway, page: str, *, now: datetime) -> None:
    """Let the customer pay on the provider's page, and hear of it."""
    gateway.pay(page)
    with transaction():
        settle_payment(gateway.outcome_of_session(page), now=now)


def numbers_in(page: str) -> list[str]:
    return re.findall(r'<a href="/invoices/(INV-[^"]+)">', page)


class TestList:
    def test_says_so_where_there_are_none(self, adas: FlaskClient) -> None:
        page = adas.get("/invoices").text
        assert "No invoices yet" in page and "Nothing is open. Thank you." in page

    def test_says_what_is_overdue(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        make_invoice(ada, now=now - timedelta(days=31))
        page = adas.get("/invoices").text
        assert "was due" in page and ">overdue</span>" in page

    def test_leads_to_the_running_months_draft(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        before = adas.get("/invoices").text
        assert "Nothing is due so far." in before
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=now)
        page = adas.get("/invoices").text
        assert "$3.00" in page and f'href="/invoices/draft-{BillingMonth.of(now)}"' in page
        # It is no invoice yet.
        assert "No invoices yet" in page

    def test_has_pages(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        made = [
            make_invoice(ada, now=now + timedelta(seconds=place)).invoice_number
            for place in range(PAGE_SIZE + 2)
        ]
        newest, oldest = adas.get("/invoices").text, adas.get("/invoices?page=2").text
        assert "Page 1 of 2" in newest and "Older" in newest and "Newer" not in newest
        assert "Page 2 of 2" in oldest and "Newer" in oldest and "Older" not in oldest
        listed = numbers_in(newest)[3:] + numbers_in(oldest)[3:]
        assert listed == made[::-1]

    def test_hands_htmx_the_part_alone(self, adas: FlaskClient, invoice: Invoice) -> None:
        part = adas.get("/invoices?page=1", headers=HTMX).text
        assert part.lstrip().startswith('<div id="invoices"') and "<html" not in part

    def test_a_page_after_the_last_leads_back(self, adas: FlaskClient, invoice: Invoice) -> None:
        page = adas.get("/invoices?page=10000").text
        assert "There are not that many invoices" in page and "Back to the newest" in page

    @pytest.mark.parametrize("asked", ["0", "-1", "x", "", "1e3", "²", "99999999999999999999"])
    def test_nonsense_is_a_page_too(self, adas: FlaskClient, invoice: Invoice, asked: str) -> None:
        answer = adas.get("/invoices", query_string={"page": asked})
        assert answer.status_code == 200 and str(invoice.invoice_number) in answer.text

    def test_takes_few_statements(
        self, adas: FlaskClient, ada: Account, now: datetime, noise: list[Account]
    ) -> None:
        for place in range(PAGE_SIZE + 1):
            make_invoice(ada, now=now + timedelta(seconds=place))
        with statements() as sent:
            adas.get("/invoices")
        assert len(sent) <= STATEMENTS_MAX, sent


class TestShow:
    def test_says_what_it_is_for_and_who_owes_whom(
        self, adas: FlaskClient, invoice: Invoice, address: str
    ) -> None:
        page = adas.get(address).text
        assert "AI API usage - gpt-4" in page and "$12.34" in page
        assert ">To pay<" in page and PAY in page
        assert "<b>Oblivious</b>" in page and "<b>Ada</b>" in page and "ada@example.com" in page
        assert ">Payments<" not in page

    def test_is_found_by_its_id_too(
        self, adas: FlaskClient, invoice: Invoice, address: str
    ) -> None:
        by_id = adas.get(f"/invoices/{invoice.public_id}", headers=HTMX).text
        assert by_id.lstrip().startswith('<article id="invoice"') and "<html" not in by_id
        by_number = adas.get(address, headers=HTMX).text
        # Form tokens carry the second they were made in.
        assert TOKEN.sub("", by_id) == TOKEN.sub("", by_number)

    def test_drafts_the_running_month(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=now)
        page = adas.get(f"/invoices/draft-{BillingMonth.of(now)}").text
        assert "The month is not over" in page and "$3.00" in page
        # It says what it is once.
        assert ">Draft</h1>" in page and ">draft</span>" not in page
        assert PAY not in page and ">Issued<" not in page
        assert f"/usage?range=custom&amp;from={BillingMonth.of(now)}-01&amp;to=" in page

    def test_an_empty_draft_says_that_nothing_is_due(
        self, adas: FlaskClient, gateway: FakeGateway, now: datetime
    ) -> None:
        page = adas.get(f"/invoices/draft-{BillingMonth.of(now)}").text
        assert "Nothing is due so far." in page

    def test_says_what_being_overdue_means(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        late = make_invoice(ada, now=now - timedelta(days=31))
        page = adas.get(f"/invoices/{late.invoice_number}").text
        assert "This invoice is overdue" in page and PAY in page

    def test_lists_the_attempts_to_pay_it(
        self, adas: FlaskClient, address: str, payment_id: str
    ) -> None:
        page = adas.get(address).text
        assert f'href="/payments/{payment_id}"' in page and ">waiting</span>" in page

    def test_says_that_it_is_paid(
        self, adas: FlaskClient, address: str, payment_id: str, gateway: FakeGateway, now: datetime
    ) -> None:
        settle(gateway, "cs_1", now=now)
        page = adas.get(address).text
        assert ">paid</span>" in page and ">settled</span>" in page
        assert PAY not in page and ">To pay<" not in page

    def test_hostile_names_stay_text(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_usage(model="<script>alert(1)</script>", prompt_tokens=100_000, now=now)
        ada.name = "<b>Ada</b>"
        session.commit()
        invoice = make_invoice(ada, now=now)
        for reference in (invoice.invoice_number, f"draft-{BillingMonth.of(now)}"):
            page = adas.get(f"/invoices/{reference}").text
            assert "<script>alert" not in page and "<b><b>" not in page

    @pytest.mark.parametrize("reference", UNKNOWN)
    def test_knows_no_such_invoice(
        self, adas: FlaskClient, invoice: Invoice, reference: str
    ) -> None:
        answer = adas.get(f"/invoices/{reference}")
        assert answer.status_code == 404
        assert "You have no invoice with this number." in answer.text

    def test_takes_few_statements(self, adas: FlaskClient, address: str, payment_id: str) -> None:
        with statements() as sent:
            adas.get(address)
        assert len(sent) <= STATEMENTS_MAX, sent


class TestPay:
    def test_leads_to_the_providers_page(
        self, adas: FlaskClient, invoice: Invoice, address: str, gateway: FakeGateway
    ) -> None:
        answer = adas.post(f"{address}/pay")
        assert (answer.status_code, answer.location) == (303, "https://pay.example.com/cs_1")
        (order,) = gateway.orders
        assert (order.amount_minor, order.currency) == (1_234, "USD")
        assert order.email == "ada@example.com"
        assert order.success_url == f"http://127.0.0.1:8000/payments/{order.payment_id}"
        assert order.cancel_url == f"http://127.0.0.1:8000{address}"

    def test_leads_to_the_same_page_again(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        first, again = (adas.post(f"{address}/pay").location for _ in range(2))
        assert first == again and len(gateway.orders) == 1

    def test_saves_the_card_of_whoever_agrees(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        page = adas.get(address).text
        assert f'name="consent" form="pay-form" value="{VERSION}"' in page
        # Read before the button is pressed, not after.
        assert page.index('name="consent"') < page.index('id="pay-form"')
        assert adas.post(f"{address}/pay", data={"consent": VERSION}).status_code == 303
        assert [order.saves_card for order in gateway.orders] == [True]

    def test_saves_none_for_other_words(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        answer = adas.post(f"{address}/pay", data={"consent": "2020-01"})
        assert answer.status_code == 422 and "This text has changed." in answer.text
        assert gateway.orders == []

    def test_asks_nobody_who_has_a_card(
        self, adas: FlaskClient, ada: Account, address: str
    ) -> None:
        make_card(ada)
        assert 'name="consent"' not in adas.get(address).text

    def test_the_page_lets_its_form_lead_there_and_nowhere_else(
        self, adas: FlaskClient, address: str
    ) -> None:
        policy = directives(adas.get(address).headers["Content-Security-Policy"])
        usual = directives(adas.get("/invoices").headers["Content-Security-Policy"])
        assert usual["form-action"] == "'self'"
        assert policy == {**usual, "form-action": "'self' https://pay.example.com"}

    def test_offers_paypal_where_it_is_connected(
        self, app: Flask, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        assert PAYPAL not in adas.get(address).text
        assert adas.post(f"{address}/pay", data={"provider": "paypal"}).status_code == 422
        other = FakeGateway()
        other.provider, other.checkout_origins = "paypal", ("https://www.paypal.com",)
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": other}
        answer = adas.get(address)
        assert PAYPAL in answer.text and PAY in answer.text
        policy = directives(answer.headers["Content-Security-Policy"])
        allowed = "'self' https://pay.example.com https://www.paypal.com"
        assert policy["form-action"] == allowed
        assert adas.post(f"{address}/pay", data={"provider": "paypal"}).status_code == 303
        assert (len(other.orders), gateway.orders) == (1, [])
        assert ">PayPal</td>" in adas.get(address).text

    def test_says_in_place_that_the_provider_is_away(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        answer = adas.post(f"{address}/pay")
        assert answer.status_code == 503
        assert "The payment page could not be opened" in answer.text
        assert "The fake is away." in answer.text
        # Whoever tries again from here gets to the same attempt, and may be led on.
        assert PAY in answer.text
        policy = directives(answer.headers["Content-Security-Policy"])
        assert policy["form-action"] == "'self' https://pay.example.com"
        gateway.is_away = False
        assert adas.post(f"{address}/pay").status_code == 303
        assert session.query(Payment).count() == 1

    def test_says_in_place_why_the_provider_refuses(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        gateway.refuses_with = "amount_too_small"
        answer = adas.post(f"{address}/pay")
        assert answer.status_code == 503 and "The fake said no." in answer.text
        assert session.query(Payment).one().status == "failed"

    def test_finds_the_page_of_a_lost_answer(
        self, adas: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        gateway.loses_answers = True
        assert adas.post(f"{address}/pay").status_code == 503
        gateway.loses_answers = False
        assert adas.post(f"{address}/pay").location == "https://pay.example.com/cs_1"
        assert len(gateway.pages) == 1

    def test_takes_no_money_twice(
        self, adas: FlaskClient, address: str, gateway: FakeGateway, now: datetime
    ) -> None:
        adas.post(f"{address}/pay")
        settle(gateway, "cs_1", now=now)
        answer = adas.post(f"{address}/pay")
        assert answer.status_code == 409
        assert "This invoice is paid; only issued invoices can be paid." in answer.text
        assert len(gateway.orders) == 1

    def test_a_draft_cannot_be_paid(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_usage(prompt_tokens=100_000, now=now)
        assert adas.post(f"/invoices/draft-{BillingMonth.of(now)}/pay").status_code == 404
        assert gateway.orders == []


class TestStrangers:
    def test_ben_finds_nothing_of_adas(
        self, bens: FlaskClient, invoice: Invoice, address: str, gateway: FakeGateway
    ) -> None:
        assert str(invoice.invoice_number) not in bens.get("/invoices").text
        for path in (address, f"/invoices/{invoice.public_id}"):
            answer, unknown = bens.get(path), bens.get("/invoices/INV-9-2020-01")
            assert answer.status_code == 404 and main_of(answer.text) == main_of(unknown.text)

    def test_ben_cannot_pay_for_ada(
        self, bens: FlaskClient, invoice: Invoice, address: str, gateway: FakeGateway
    ) -> None:
        assert bens.post(f"{address}/pay").status_code == 404
        assert gateway.orders == [] and session.query(Payment).count() == 0
        assert invoice_row(invoice.public_id).status == "issued"

    def test_bens_draft_is_his_own(
        self, bens: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_usage(model="adas-model", prompt_tokens=100_000, now=now)
        page = bens.get(f"/invoices/draft-{BillingMonth.of(now)}").text
        assert "adas-model" not in page and "Nothing is due so far." in page

    def test_visitors_sign_in_first(self, client: FlaskClient, address: str) -> None:
        assert client.get("/invoices").location == "/login?next=/invoices"
        assert client.get(address).location.startswith("/login?next=/invoices/INV")
        assert client.post(f"{address}/pay").location == f"/login?next={address}"


class TestForgery:
    @pytest.fixture
    def guarded(
        self, app: Flask, settings: Settings, ada: Account, gateway: FakeGateway
    ) -> Iterator[FlaskClient]:
        """Ada's browser, on an app that wants form tokens."""
        session.commit()
        app = create_app(settings, TESTING=True, **{GATEWAYS: {"stripe": gateway}})
        app.test_client_class = LintingClient
        browser = app.test_client()
        sent = {"email": ada.email, "password": PASSWORD}
        sent["csrf_token"] = token_in(browser.get("/login").text)
        assert browser.post("/login", data=sent).status_code == 302
        yield browser
        with app.app_context():
            db.engine.dispose()

    def test_refuses_a_form_from_elsewhere(
        self, guarded: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        for token in ({}, {"csrf_token": "made up"}):
            answer = guarded.post(f"{address}/pay", data=token)
            assert answer.status_code == 400 and "This form has expired" in answer.text
        assert gateway.orders == []

    def test_takes_the_pages_own(
        self, guarded: FlaskClient, address: str, gateway: FakeGateway
    ) -> None:
        page = guarded.get(address).text
        form = page[page.index(f'action="{address}/pay"') :]
        answer = guarded.post(f"{address}/pay", data={"csrf_token": token_in(form)})
        assert answer.status_code == 303
