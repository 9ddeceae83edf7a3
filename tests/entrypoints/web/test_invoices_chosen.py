"""Which invoices the page lists, and what the running month holds of earlier ones."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import CarriedAmount
from app.domain.usage.models import MonthClose
from app.entrypoints.web.invoices import PAGE_SIZE
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from tests.entrypoints.web.conftest import words_of
from tests.factories.payments import make_invoice
from tests.factories.usage import make_usage


def test_names_what_is_due_and_until_when(adas: FlaskClient, ada: Account, now: datetime) -> None:
    first = make_invoice(ada, now=now).invoice_number
    later = make_invoice(ada, minor=100, now=now + timedelta(seconds=1)).invoice_number
    page = adas.get("/invoices").text
    # What is due first is to be paid now; the newest is listed first.
    named = re.findall(r'<a href="/invoices/(INV-[^"]+)">', page)
    assert named == [first, later, later, first]
    assert "$13.34" in page and f"Pay {first}" in page
    # The sum is of both: each says its own part of it.
    said = words_of(page)
    assert f"{first}, $12.34, is due on" in said and f"{later}, $1.00, is due on" in said


def test_names_three_of_many_that_are_due(adas: FlaskClient, ada: Account, now: datetime) -> None:
    for seconds in range(5):
        make_invoice(ada, now=now + timedelta(seconds=seconds))
    page = adas.get("/invoices").text
    assert words_of(page).count(", is due on") == 3
    assert '<a href="/invoices?status=open">2 more</a>' in page


@pytest.mark.parametrize(
    ("asked", "late", "new"),
    [
        ("status=overdue", True, False),
        ("status=open", True, True),
        ("status=issued", False, True),
        ("status=paid", False, False),
        ("kind=usage", True, True),
        ("kind=topup", False, False),
        ("status=overdue&kind=usage", True, False),
        ("status=draft", True, True),
        ("status=%00&kind=", True, True),
    ],
)
def test_shows_those_that_are_chosen(
    adas: FlaskClient, ada: Account, now: datetime, asked: str, *, late: bool, new: bool
) -> None:
    overdue = make_invoice(ada, now=now - timedelta(days=30)).invoice_number
    to_pay = make_invoice(ada, now=now - timedelta(days=29)).invoice_number
    page = adas.get(f"/invoices?{asked}").text
    rows = page[page.index("All invoices") :]
    assert (overdue in rows, to_pay in rows) == (late, new)
    assert ("No invoice is like that" in page) is (not late and not new)


def test_keeps_the_choice_from_page_to_page(adas: FlaskClient, ada: Account, now: datetime) -> None:
    for place in range(PAGE_SIZE + 1):
        make_invoice(ada, now=now + timedelta(seconds=place))
    page = adas.get("/invoices?kind=usage").text
    assert 'href="/invoices?page=2&amp;kind=usage"' in page


def test_says_what_of_it_belongs_to_earlier_months(adas: FlaskClient, now: datetime) -> None:
    late = now.replace(day=1) - timedelta(days=1)
    month = str(BillingMonth.of(late))
    session.add(MonthClose(user_id="ada", billing_month=month, closed_at=now))
    carried = CarriedAmount(
        user_id="ada", from_month=month, amount_nanos=400_000_000, kind="other", created_at=now
    )
    session.add(carried)
    session.commit()
    make_usage(prompt_tokens=50_000, completion_tokens=0, now=now)
    assert "of earlier months" not in adas.get("/invoices").text
    make_usage(prompt_tokens=100_000, completion_tokens=0, now=now, occurred_at=late)
    page = words_of(adas.get("/invoices").text)
    assert "$4.90" in page
    assert "$3.00 of it is usage of earlier months that was reported after they" in page
    assert "$0.40 of it was carried from earlier months." in page
