"""Which invoices the page lists: those of a state, of a kind, or all."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.web.invoices import PAGE_SIZE
from tests.factories.payments import make_invoice


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
