"""The console's first page, and who gets to see the console at all."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.reporting.verification import BOOKS_VERIFIED
from app.foundation import clock, journal
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.payments import make_checkout, make_invoice
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX = 4


def console_addresses(app: Flask) -> list[tuple[str, str]]:
    """Return method and address of every page and action of the console."""
    texts = {"payment_id": "pay-1", "provider": "stripe", "event_id": "evt_1", "user_id": "ada"}
    texts |= {"reference": "INV-1", "plan_id": "plan-pro", "code": "SAVE50", "model_id": "gpt-4"}
    addresses, found = app.url_map.bind("localhost"), []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web.operator."):
            values = {name: texts.get(name, 1) for name in rule.arguments}
            for method in {"GET", "POST"} & rule.methods:
                found.append((method, addresses.build(rule.endpoint, values, method=method)))
    return found


def test_asks_for_the_address_without_a_word_of_bills(olgas: FlaskClient, olga: Account) -> None:
    olga.email_verified_at = None
    session.commit()
    read = words(olgas.get("/operator").text)
    assert "Mails about your account and about keys go there." in read and "Bills" not in read


class TestGuard:
    def test_customers_find_nothing_here(self, app: Flask, adas: FlaskClient) -> None:
        addresses = console_addresses(app)
        assert ("GET", "/operator") in addresses and len(addresses) >= 9
        for method, address in addresses:
            answer = adas.open(address, method=method)
            assert answer.status_code == 404, address
            assert "There is nothing here" in answer.text

    def test_visitors_sign_in_first(self, app: Flask, client: FlaskClient) -> None:
        assert client.get("/operator/payments").location == "/login?next=/operator/payments"
        for method, address in console_addresses(app):
            assert client.open(address, method=method).location.startswith("/login"), address

    def test_who_is_no_operator_any_more_is_out(self, olgas: FlaskClient, olga: Account) -> None:
        assert olgas.get("/operator").status_code == 200
        olga.role = "customer"
        session.commit()
        assert olgas.get("/operator").status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            *("/", "/usage", "/invoices", "/plans", "/settings", "/keys", "/coupons", "/tokens"),
            *("/alerts", "/payment-methods", "/payments/pay-1", "/invoices/INV-1/pdf"),
        ],
    )
    def test_operators_are_led_to_their_console(self, olgas: FlaskClient, path: str) -> None:
        answer = olgas.get(path)
        assert (answer.status_code, answer.location) == (302, "/operator")

    def test_operators_do_nothing_as_customers(self, olgas: FlaskClient) -> None:
        assert olgas.post("/keys", data={"name": "mine"}).status_code == 404
        assert olgas.post("/plans/plan-pro").status_code in (404, 405)
        assert olgas.post("/logout").location == "/login"


class TestForms:
    """A form that an operator is made to send from elsewhere has no token of the console's."""

    def test_need_their_token(self, app: Flask, olgas: FlaskClient, ada: Account) -> None:
        actions = [address for method, address in console_addresses(app) if method == "POST"]
        assert len(actions) >= 20
        app.config["WTF_CSRF_ENABLED"] = True
        before = acts_of_olga()
        for address in actions:
            for sent in ({}, {"csrf_token": "made-up"}):
                answer = olgas.post(address, data={"reason": "x", "tokens": "5", **sent})
                assert answer.status_code == 400, address
                assert "This form has expired" in answer.text
        assert acts_of_olga() == before

    def test_carry_it_on_every_page(self, app: Flask, olgas: FlaskClient, ada: Account) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        seen = 0
        for method, address in console_addresses(app):
            page = olgas.get(address, follow_redirects=True).text if method == "GET" else ""
            for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", page, re.DOTALL):
                seen += 1
                assert 'name="csrf_token"' in form, (address, form[:200])
        assert seen >= 40


class TestNavigation:
    def test_reaches_every_part_from_a_phone(self, olgas: FlaskClient) -> None:
        page = olgas.get("/operator").text
        bar, more = page.split('<details class="more"')
        places = re.findall(r'<li>\s*<a href="([^"]+)"', bar)
        assert len(places) >= 14
        # What the bar has no room for stands in a part that opens without a script.
        assert re.findall(r'<li>\s*<a href="([^"]+)"', more) == places


class TestIndex:
    def test_says_that_nothing_waits(self, olgas: FlaskClient) -> None:
        page = olgas.get("/operator").text
        assert "Nothing waits for you" in page and "The books were not verified yet" in page
        assert 'href="/operator/payments?show=undecided"' in page
        assert 'aria-current="page"' in page and 'href="/usage"' not in page

    def test_counts_what_waits(self, olgas: FlaskClient, ada: Account) -> None:
        begun = clock.now() - timedelta(days=1, minutes=1)
        make_checkout(ada, make_invoice(ada, now=begun), gateway=FakeGateway(), now=begun)
        with transaction():
            session.add(
                OutboxEntry(
                    kind="send_mail",
                    payload={},
                    created_at=begun,
                    next_try_at=clock.now() + timedelta(minutes=1),
                    last_error="The server is away.",
                    attempts=3,
                )
            )
        page = words(olgas.get("/operator").text)
        assert "1 Payments undecided for a day" in page and "1 Failed jobs" in page
        assert "Open disputes: none" in page and "Nothing waits" not in page

    def test_says_whether_the_books_are_right(self, olgas: FlaskClient, now: datetime) -> None:
        for broken, lines in ((1, ["ada has 5 tokens, not 4"]), (0, [])):
            details: dict[str, object] = {"broken": broken, "lines": lines}
            with transaction():
                journal.write(BOOKS_VERIFIED, actor="system", now=now, details=details)
            page = olgas.get("/operator").text
            assert ("The books are wrong in" in page) == bool(broken)
            assert ("ada has 5 tokens, not 4" in page) == bool(broken)
        assert "The books were right" in page

    def test_hands_htmx_the_part_alone(self, olgas: FlaskClient) -> None:
        assert olgas.get("/operator", headers=HTMX).text.lstrip().startswith('<div id="attention"')

    def test_takes_few_statements(self, olgas: FlaskClient) -> None:
        with statements() as sent:
            olgas.get("/operator")
        assert len(sent) <= STATEMENTS_MAX, sent
