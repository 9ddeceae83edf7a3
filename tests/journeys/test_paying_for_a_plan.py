"""A plan is paid by PayPal, and a dearer one with the card that is saved."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import Installation
from tests.journeys.test_choosing_a_plan import goes_to_plans, previews, registers
from tests.journeys.test_paying import on_both
from tests.journeys.visitor import GOOD_CARD, Visitor


@on_both
def test_by_paypal_and_then_with_the_saved_card(installation: Installation, visit: Visit) -> None:
    visitor = visit()
    registers(visitor, email="two.ways@example.com")
    goes_to_plans(visitor)
    previews(visitor, "Basic")
    visitor.clicks("button", "Pay with PayPal")
    visitor.arrives(re.compile(r"/checkoutnow\?token=\w+"), at=installation.sandbox)
    visitor.pays("$9.99")
    visitor.arrives(re.compile(r"/payments/pay-\w+(\?token=\w+&PayerID=\w+)?"))
    visitor.sees("You are on Basic now")

    saves_a_card(visitor)
    goes_to_plans(visitor)
    previews(visitor, "Pro")
    visitor.clicks("button", "Pay with Visa ending in 4242")
    visitor.arrives(re.compile(r"/payments/pay-\w+"))
    visitor.sees("You are on Pro now")


def saves_a_card(visitor: Visitor) -> None:
    """Save a card for later, on the provider's page."""
    visitor.open("/payment-methods")
    visitor.page.locator("#consent").check()
    visitor.clicks("button", "Add a card")
    visitor.arrives(re.compile(r"/c/(setup|pay)/\w+"), at=visitor.installation.sandbox)
    visitor.types_card(GOOD_CARD)
    visitor.clicks("button", "Save this card")
    visitor.arrives(re.compile(r"/payment-methods.*"))
    expect(visitor.page.get_by_role("row", name="Visa •••• 4242")).to_be_visible()
