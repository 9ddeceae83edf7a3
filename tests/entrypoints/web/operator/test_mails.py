"""Mails that came back, at the console."""

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.mails import make_mail
from tests.statements import statements

MAILS = "/operator/mails"
STATEMENTS_MAX = 4


def make_refused(account: Account, *, count: int, now: datetime) -> list[int]:
    """Make a mail that was sent, and some that were refused."""
    with transaction():
        rows = [
            Mail(
                user_id=account.id, kind="invoice_reminder", address=f"ada-{number}@example.com",
                facts={}, source=f"a:{number}", created_at=now,
                refused_at=now if number else None, sent_at=None if number else now,
                refusal="550 <unknown>" if number else None,
            )
            for number in range(count + 1)
        ]  # fmt: skip
        session.add_all(rows)
    return [row.id for row in rows[1:]]


class TestIndex:
    def test_says_which_address_takes_nothing(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        make_refused(ada, count=1, now=now)
        page = words(olgas.get(MAILS).text)
        assert "ada-1@example.com ada Reminder of an invoice bounced" in page
        assert "550 &lt;unknown&gt;" in page
        assert "ada-0@example.com" not in page

    def test_shows_what_became_of_every_mail(
        self, olgas: FlaskClient, ada: Account, ben: Account, olga: Account, now: datetime
    ) -> None:
        make_refused(ada, count=1, now=now)
        make_mail(ben, now=now)
        make_mail(olga, "new_device", about="2", now=now)
        page = words(olgas.get(f"{MAILS}?show=all").text)
        assert "ada-0@example.com ada Reminder of an invoice sent" in page
        assert "ada-1@example.com ada Reminder of an invoice bounced" in page
        assert re.search(r"ben@example.com ben [A-Z][\w ]+ waiting see the jobs", page)
        assert "/operator/customers/olga" not in olgas.get(f"{MAILS}?show=all").text

    @pytest.mark.parametrize("query", ["ben", "ben@example.com", " BEN@example.com "])
    def test_finds_a_customers(
        self, olgas: FlaskClient, ada: Account, ben: Account, now: datetime, query: str
    ) -> None:
        make_mail(ada, now=now)
        make_mail(ben, about="2", now=now)
        asked = {"show": "all", "query": query}
        page = words(olgas.get(MAILS, query_string=asked).text)
        assert "ben@example.com ben" in page and "ada@example.com" not in page
        page = words(olgas.get(MAILS, query_string={**asked, "query": "nobody@example.com"}).text)
        assert "None of this customer’s" in page

    def test_frames_an_operators_own_in_the_console(
        self, olgas: FlaskClient, olga: Account, now: datetime
    ) -> None:
        mail = make_mail(olga, "new_device", now=now)
        assert 'href="/operator/customers"' in olgas.get(f"/mails/{mail.id}").text

    def test_is_read_in_chinese(
        self, olgas: FlaskClient, olga: Account, ada: Account, now: datetime
    ) -> None:
        make_refused(ada, count=1, now=now)
        with transaction():
            olga.locale = "zh"
            session.add(olga)
        page = words(olgas.get(MAILS).text)
        assert "账单催缴" in page and "Reminder" not in page and "reminder" not in page

    def test_says_that_none_came_back(self, olgas: FlaskClient) -> None:
        assert "No mail has come back" in olgas.get(MAILS).text
        assert "There are no older ones" in olgas.get(f"{MAILS}?before=1").text

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, ada: Account, now: datetime) -> None:
        ids = make_refused(ada, count=ROWS_PER_PAGE + 1, now=now)
        with statements() as sent:
            page = olgas.get(MAILS).text
        assert len(sent) <= STATEMENTS_MAX, sent
        assert "ada-2@" in page and "ada-1@" not in page and f"before={ids[1]}" in page
        older = olgas.get(f"{MAILS}?before={ids[1]}", headers=HTMX).text
        assert "ada-1@" in older and "ada-2@" not in older
