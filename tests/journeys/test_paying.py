"""An invoice is paid once, whatever is lost on the way."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import Customer, Installation, months_ago, wait_until
from tests.journeys.visitor import DECLINED_CARD, GOOD_CARD, Visitor

SETTLED_WITHIN_SECONDS = 30
on_both = pytest.mark.parametrize("installation", ["on_sqlite", "on_postgresql"], indirect=True)


@pytest.fixture
def ada(installation: Installation) -> Customer:
    return installation.customer("ada")


@pytest.fixture
def invoice_number(installation: Installation, ada: Customer) -> str:
    """Ada's open invoice."""
    return installation.invoice(ada)


@pytest.fixture
def visitor(visit: Visit, ada: Customer, invoice_number: str) -> Visitor:
    """Ada, on the provider's page."""
    visitor = visit()
    visitor.signs_in(ada)
    visitor.goes_to_pay(invoice_number)
    return visitor


@on_both
def test_the_return_page_finds_out_by_itself(
    installation: Installation, visit: Visit, ada: Customer
) -> None:
    month = months_ago(3)
    installation.use(ada, month)
    assert "issued invoices: 1" in installation.billing("close-month", str(month))
    (invoice,) = installation.call("GET", "invoices", key=ada.api_key)["invoices"]
    number = invoice["invoice_number"]
    visitor = visit()
    visitor.signs_in(ada)
    expect(visitor.page.get_by_role("main")).to_contain_text("To pay now $15.00")
    visitor.goes_to_pay(number, saving_card=True)

    # A second tab waits for what happens in the first.
    page, watching = visitor.page, visitor.page.context.new_page()
    visitor.turns_to(watching)
    visitor.open(f"/invoices/{number}")
    watching.get_by_role("row", name="waiting").get_by_role("link").click()
    visitor.arrives(re.compile(r"/payments/pay-\w+"))
    visitor.sees("Confirming your payment…")
    watching.evaluate("window.isTheSame = true")

    visitor.turns_to(page)
    visitor.types_card(GOOD_CARD)
    visitor.pays()
    visitor.finds_it_paid(number)
    visitor.turns_to(watching)
    visitor.sees("Thank you, it is paid")
    assert watching.evaluate("window.isTheSame")
    visitor.finds_it_paid(number)
    assert installation.status_of(ada, number) == "paid"
    # She has agreed that her card is saved.
    visitor.open("/payment-methods")
    expect(visitor.page.get_by_role("row", name="Visa •••• 4242")).to_contain_text("default")
    visitor.open("/invoices")
    visitor.sees("To pay now")
    expect(watching.get_by_text("Nothing is open. Thank you.")).to_be_visible()


def test_a_declined_card_is_explained_and_another_one_helps(
    visitor: Visitor, invoice_number: str
) -> None:
    visitor.types_card(DECLINED_CARD)
    visitor.pays()
    refusal = visitor.page.get_by_role("alert")
    expect(refusal).to_contain_text("Your card was declined.")
    expect(refusal).to_contain_text("Nothing was charged.")
    # The browser notes the refusal's status, and nothing else.
    (noted,) = visitor.troubles
    assert "402" in noted
    visitor.troubles.clear()
    visitor.look()
    visitor.types_card(GOOD_CARD)
    visitor.pays()
    visitor.finds_it_paid(invoice_number)


def test_a_webhook_that_never_comes_is_not_needed(
    installation: Installation, visitor: Visitor, ada: Customer, invoice_number: str
) -> None:
    installation.turn(webhooks="drop")
    visitor.types_card(GOOD_CARD)
    visitor.pays()
    payment_id = visitor.finds_it_paid(invoice_number)
    assert installation.events_told_about(payment_id) == []
    assert installation.status_of(ada, invoice_number) == "paid"


def test_a_browser_that_never_comes_back_is_not_needed(
    installation: Installation, visitor: Visitor, ada: Customer, invoice_number: str
) -> None:
    visitor.types_card(GOOD_CARD)
    visitor.pays_and_is_gone()
    wait_until(
        lambda: installation.status_of(ada, invoice_number) == "paid",
        SETTLED_WITHIN_SECONDS,
        lambda: installation.printed("worker"),
    )


def test_without_both_the_sweep_finds_the_money(
    installation: Installation, visitor: Visitor, ada: Customer, invoice_number: str
) -> None:
    installation.turn(webhooks="drop")
    visitor.types_card(GOOD_CARD)
    visitor.pays_and_is_gone()
    assert installation.status_of(ada, invoice_number) == "issued"

    assert re.search(r"^[1-9]\d* missed events found$", installation.billing("reconcile"), re.M)
    wait_until(
        lambda: installation.status_of(ada, invoice_number) == "paid",
        SETTLED_WITHIN_SECONDS,
        lambda: installation.printed("worker"),
    )
