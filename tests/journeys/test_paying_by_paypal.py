"""An invoice is paid through PayPal once, whatever is lost on the way."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import Customer, Installation, wait_until
from tests.journeys.test_paying import SETTLED_WITHIN_SECONDS, on_both
from tests.journeys.visitor import Visitor


@pytest.fixture
def ada(installation: Installation) -> Customer:
    return installation.customer("ada")


@pytest.fixture
def invoice_number(installation: Installation, ada: Customer) -> str:
    """Ada's open invoice."""
    return installation.invoice(ada)


@pytest.fixture
def visitor(visit: Visit, ada: Customer, invoice_number: str) -> Visitor:
    """Ada, on PayPal's page."""
    visitor = visit()
    visitor.signs_in(ada)
    visitor.goes_to_paypal(invoice_number)
    return visitor


@on_both
def test_it_is_paid_after_a_change_of_mind(
    installation: Installation, visitor: Visitor, ada: Customer, invoice_number: str
) -> None:
    visitor.clicks("link", re.compile("Cancel and return"))
    visitor.arrives(re.compile(rf"/invoices/{invoice_number}\?token=\w+"))
    expect(visitor.page.get_by_role("row", name="waiting")).to_contain_text("PayPal")
    visitor.goes_to_paypal(invoice_number)
    visitor.pays()
    visitor.finds_it_paid(invoice_number)
    expect(visitor.page.get_by_role("button", name="Pay with PayPal")).to_have_count(0)
    assert installation.status_of(ada, invoice_number) == "paid"


def test_money_that_is_declined_is_explained_and_another_way_helps(
    visitor: Visitor, invoice_number: str
) -> None:
    visitor.clicks("button", "Pay, but the bank declines")
    visitor.arrives(re.compile(r"/payments/pay-\w+(\?token=\w+&PayerID=\w+)?"))
    visitor.sees("The payment did not go through")
    visitor.clicks("link", "To the invoice")
    visitor.arrives(f"/invoices/{invoice_number}")
    visitor.goes_to_paypal(invoice_number)
    visitor.pays()
    visitor.finds_it_paid(invoice_number)


def test_a_browser_that_never_comes_back_is_not_needed(
    installation: Installation, visitor: Visitor, ada: Customer, invoice_number: str
) -> None:
    visitor.pays_and_is_gone()
    wait_until(
        lambda: installation.status_of(ada, invoice_number) == "paid",
        SETTLED_WITHIN_SECONDS,
        lambda: installation.printed("worker"),
    )
