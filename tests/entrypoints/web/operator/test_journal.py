"""The journal at the console: filtered, page by page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.payments import cards
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.entrypoints.web.operator.journal_words import ACTS, MONEY
from app.foundation import journal
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.payments import make_card
from tests.statements import statements

JOURNAL = "/operator/journal"
STATEMENTS_MAX = 5


@pytest.fixture
def acts(app: Flask, now: datetime) -> None:
    """Three acts."""
    for action, actor, user_id, details in (
        ("payment_settled", "provider:stripe", "ada", {"amount_minor": 5, "of": ["<b>", None]}),
        ("price_set", "operator:olga", None, {"model_id": "gpt-9"}),
        ("account_suspended", "operator:olga", "ben", {"reason": "Abuse"}),
    ):
        with transaction():
            journal.write(action, actor=actor, user_id=user_id, details=details, now=now)


class TestIndex:
    def test_says_who_did_what(self, olgas: FlaskClient, acts: None) -> None:
        page = words(olgas.get(JOURNAL).text)
        assert "Payment settled Stripe ada Amount $0.05 of &lt;b&gt;, nothing" in page
        assert "Account suspended Operator olga ben Reason Abuse" in page
        assert "Price set Operator olga – Model gpt-9" in page
        assert "<b>" not in olgas.get(JOURNAL, headers=HTMX).text

    def test_finds_all_that_moves_money(self, olgas: FlaskClient, acts: None) -> None:
        page = words(olgas.get(f"{JOURNAL}?action=money").text)
        assert "Payment settled Stripe ada" in page and "Price set Operator" not in page
        assert set(MONEY) < set(ACTS)

    def test_leads_to_the_money_that_moved(self, olgas: FlaskClient, now: datetime) -> None:
        details = {"payment": "pay-1", "invoice": "INV-1001-2026-11", "amount_minor": 1_234}
        with transaction():
            for number in (details, {**details, "invoice": None}):
                journal.write(
                    "payment_settled", actor="system", user_id="ada", now=now, details=number
                )
        page = olgas.get(JOURNAL).text
        assert page.count('href="/operator/payments/pay-1"') == 2
        assert page.count('href="/operator/invoices/INV-1001-2026-11"') == 1

    def test_names_cards_until_they_are_forgotten(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        make_card(ada)
        second = make_card(ada, 2)
        with transaction():
            cards.choose_default(ada, second.id, now=now)
        with statements() as sent:
            page = words(olgas.get(f"{JOURNAL}?action=card_made_default").text)
        assert len(sent) <= STATEMENTS_MAX + 1, sent
        assert "Card Visa ending in 4243 Through Stripe At the provider pm_2" in page
        with transaction():
            cards.forget_all(ada, now=now)
        page = words(olgas.get(f"{JOURNAL}?action=card_made_default").text)
        assert "ending in" not in page and "At the provider pm_2" in page

    def test_leads_to_customers_and_to_no_operator(
        self, olgas: FlaskClient, acts: None, now: datetime
    ) -> None:
        with transaction():
            journal.write(
                "password_changed", actor="operator:olga", user_id="olga", now=now, details={}
            )
        page = olgas.get(JOURNAL).text
        assert 'href="/operator/customers/ben"' in page
        assert 'href="/operator/customers/olga"' not in page

    def test_finds_a_customer_by_the_address(
        self, olgas: FlaskClient, ben: Account, acts: None
    ) -> None:
        page = words(olgas.get(f"{JOURNAL}?user_id=Ben@example.com").text)
        assert "Account suspended" in page and "Price set Operator" not in page

    @pytest.mark.parametrize(
        ("asked", "count"),
        [
            ("actor=operator:olga", 3),
            ("action=price_set", 1),
            ("user_id=ben", 1),
            ("actor=operator:olga&user_id=ada", 0),
            ("actor=nobody", 0),
            ("day=2019-02-03", 0),
            ("day=2019-02-31&actor=operator:olga", 3),
            ("day=0001-01-01", 4),
            ("actor=%00&user_id=%20", 4),
        ],
    )
    def test_filters(self, olgas: FlaskClient, acts: None, asked: str, count: int) -> None:
        page = olgas.get(f"{JOURNAL}?{asked}").text
        assert page.count('<td class="words details"') == count
        assert ("Show everything" in page) == (count == 0)

    def test_filters_by_the_operators_own_day(
        self, olgas: FlaskClient, olga: Account, now: datetime
    ) -> None:
        olga.timezone = "Asia/Tokyo"
        session.commit()
        midnight = datetime(2019, 5, 1, tzinfo=UTC)
        # In Tokyo, the day ends at three in the afternoon of UTC.
        for hours in (14, 15):
            with transaction():
                at = midnight + timedelta(hours=hours)
                journal.write("price_set", actor="system", details={"no": f"{hours}!"}, now=at)
        first, second = (words(olgas.get(f"{JOURNAL}?day=2019-05-{n}").text) for n in ("01", "02"))
        assert "14!" in first and "15!" not in first
        assert "15!" in second and "14!" not in second

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, now: datetime) -> None:
        with transaction():
            for number in range(ROWS_PER_PAGE + 1):
                journal.write("tried", actor="system", details={"no": f"{number}!"}, now=now)
        with statements() as sent:
            page = olgas.get(f"{JOURNAL}?actor=system").text
        assert len(sent) <= STATEMENTS_MAX, sent
        address = re.search(r'href="(/operator/journal\?[^"]*before=\d+)"', page)[1]
        older = olgas.get(address.replace("&amp;", "&")).text
        assert " 0!" in words(older) and " 1!" not in words(older) and " 0!" not in words(page)
