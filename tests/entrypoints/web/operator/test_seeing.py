"""A customer's pages, looked at by an operator: everything is there, and nothing can be done."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account
from app.domain.accounts.operations import change_settings
from app.entrypoints.web.operator.seeing import SHOWN
from app.foundation import clock
from app.foundation.database import Base, end_reading, session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.entrypoints.web.conftest import words_of
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.accounts import make_key
from tests.factories.payments import make_invoice, make_paid
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

VIEW = "/operator/customers/ada/view"
STATEMENTS_MAX = 10
# The customer's own takes so many; here, the note that it was looked at comes to that.
STATEMENTS_FOR_TOKENS_MAX = 11
PAGES = ("", *(f"/{page}" for page in SHOWN))


class Inside(HTMLParser):
    """Notes what stands in the main part of a page: its tags, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.asking: list[str] = []
        self.feed(re.search(r'<main id="main".*</main>', page, re.DOTALL)[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.asking += [name for name, _ in attrs if name.startswith("hx-")]


@pytest.fixture
def invoice_number(ada: Account) -> str:
    """An invoice that Ada has to pay, one that she has paid, and some usage."""
    make_usage(prompt_tokens=100_000, completion_tokens=0, now=clock.now() - timedelta(hours=1))
    make_paid(ada, gateway=FakeGateway())
    return make_invoice(ada).invoice_number


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, but for what every page notes."""
    end_reading()
    unnoted = {JournalEntry.__tablename__, SignInSession.__tablename__}
    rows = {
        table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.c))]
        for table in Base.metadata.sorted_tables
        if table.name not in unnoted
    }
    end_reading()
    return rows


class TestPages:
    def test_show_what_the_customer_sees(self, olgas: FlaskClient, invoice_number: str) -> None:
        seen = words_of(olgas.get(VIEW).text)
        assert "You are only looking" in seen and "$3.00" in seen and "Next invoice" in seen
        usage = words_of(olgas.get(f"{VIEW}/usage").text)
        assert "gpt-4" in usage and "List cost of all tokens" in usage
        assert invoice_number in words_of(olgas.get(f"{VIEW}/invoices").text)
        bill = words_of(olgas.get(f"{VIEW}/invoices/{invoice_number}").text)
        assert "To pay" in bill and "$12.34" in bill

    def test_show_what_is_set_as_the_customers_own(
        self, olgas: FlaskClient, olga: Account, ada: Account
    ) -> None:
        with transaction():
            change_settings(
                ada,
                {"billing_address": "1 Way & Co\nTown", "timezone": "Asia/Shanghai"},
                actor="customer:ada",
                now=clock.now(),
            )
        seen = words_of(olgas.get(f"{VIEW}/settings").text)
        assert "1 Way &amp; Co Town" in seen and "Time zone Shanghai" in seen
        # What is said of who is signed in is said of the customer.
        assert (
            f"without it, to {ada.email}" in seen
            and olga.email not in seen.split("only looking")[1]
        )
        alerts = words_of(olgas.get(f"{VIEW}/alerts").text)
        assert f"They go to {ada.email}" in alerts
        assert "Buy for, USD 100" in words_of(olgas.get(f"{VIEW}/tokens").text)

    def test_show_no_secrets(self, olgas: FlaskClient, adas: FlaskClient, ada: Account) -> None:
        made = make_key(KeyKind.CUSTOMER, user_id=ada.id)
        seen = olgas.get(f"{VIEW}/keys").text
        assert made.text[:12] in seen and made.text not in seen

    def test_show_documents(self, olgas: FlaskClient, invoice_number: str) -> None:
        address = f"{VIEW}/invoices/{invoice_number}/pdf"
        answer = olgas.get(address)
        assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")
        assert olgas.get(f"{address}?document=receipt").status_code == 409
        assert olgas.get(f"{address}?document=poem").status_code == 404
        assert acts_of_olga() == [("account_seen", {"page": "document"})]

    def test_hold_nothing_that_acts(self, olgas: FlaskClient, invoice_number: str) -> None:
        waiting, looked_at = [VIEW], set()
        while waiting:
            address = waiting.pop()
            # Of the many choices of a page, one of each kind.
            kind = re.sub(r"=[^&]*", "", address)
            if kind in looked_at:
                continue
            looked_at.add(kind)
            answer = olgas.get(address)
            assert answer.status_code == 200, address
            if answer.mimetype == "application/pdf":
                continue
            inside = Inside(answer.text)
            doing = {"form", "button", "input", "select", "textarea"}
            assert not doing & set(inside.tags), address
            assert inside.asking == [], address
            for link in inside.links:
                assert link.startswith(("#", "/operator/customers")), (address, link)
                path = link.partition("#")[0]
                if path.startswith(VIEW):
                    waiting.append(path)
        bill = f"{VIEW}/invoices/{invoice_number}"
        assert {bill, f"{bill}/pdf", *(f"{VIEW}{page}" for page in PAGES)} <= looked_at

    def test_change_nothing_but_the_journal(self, olgas: FlaskClient, invoice_number: str) -> None:
        before = everything()
        bill = f"/invoices/{invoice_number}"
        for page in (*PAGES, bill, f"{bill}/pdf"):
            assert olgas.get(f"{VIEW}{page}").status_code == 200, page
        assert everything() == before
        check_books()

    def test_are_noted_each_time(self, olgas: FlaskClient, adas: FlaskClient) -> None:
        olgas.get(VIEW)
        olgas.get(f"{VIEW}/usage?range=7d")
        olgas.get(f"{VIEW}/invoices/INV-nothing")
        assert acts_of_olga() == [
            ("account_seen", {"page": "overview"}),
            ("account_seen", {"page": "usage"}),
        ]
        assert "Pages looked at by us" in adas.get("/settings/security/journal").text

    def test_take_nothing_but_looks(self, app: Flask, olgas: FlaskClient, ada: Account) -> None:
        rules = [
            rule
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("web.operator.seeing.")
        ]
        assert len(rules) == 5
        assert all(rule.methods == {"GET", "HEAD", "OPTIONS"} for rule in rules)
        for page in (*PAGES, "/invoices/INV-1", "/invoices/INV-1/pay", "/invoices/INV-1/pdf"):
            assert olgas.post(f"{VIEW}{page}").status_code in (404, 405), page

    @pytest.mark.parametrize("name", ["nobody", "olga", "%00"])
    @pytest.mark.parametrize("page", ["", "/usage", "/invoices/INV-1", "/invoices/INV-1/pdf"])
    def test_know_no_other(self, olgas: FlaskClient, name: str, page: str) -> None:
        answer = olgas.get(f"/operator/customers/{name}/view{page}")
        assert answer.status_code == 404
        assert acts_of_olga() == []

    def test_show_nobody_elses_invoice(
        self, olgas: FlaskClient, ben: Account, invoice_number: str
    ) -> None:
        address = f"/operator/customers/ben/view/invoices/{invoice_number}"
        assert olgas.get(address).status_code == 404
        assert olgas.get(f"{address}/pdf").status_code == 404
        assert acts_of_olga() == []

    @pytest.mark.parametrize("page", PAGES)
    def test_take_a_fixed_number_of_statements(
        self, olgas: FlaskClient, invoice_number: str, now: datetime, page: str
    ) -> None:
        with statements() as sent:
            olgas.get(f"{VIEW}{page}")
        most = STATEMENTS_FOR_TOKENS_MAX if page == "/tokens" else STATEMENTS_MAX
        assert len(sent) <= most, "\n".join(sent)
