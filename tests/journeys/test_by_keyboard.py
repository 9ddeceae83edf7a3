"""Whoever has only a keyboard does it all, and always sees where he is."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Installation
from tests.journeys.visitor import GOOD_CARD, Visitor

STOPS_MAX = 60
CODE = "KEYS20"
# The ring is around what has the focus, or around the label or the field that shows it.
HAS_RING = """
() => {
  const here = document.activeElement;
  const around = [here, here.closest("label"), here.nextElementSibling, here.parentElement];
  return around.filter(Boolean).some((element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  });
}
"""
IS_HERE = "element => element === document.activeElement"
HERE = "() => document.activeElement.outerHTML.slice(0, 200)"


class Typist:
    """Somebody who goes on by Tab, and acts by Enter, Space and the arrows."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page

    def goes_to(self, target: Locator) -> None:
        """Press Tab until it has the focus; at each stop it is to be seen where that is."""
        expect(target).to_be_visible()
        for _ in range(STOPS_MAX):
            self.presses("Tab")
            ringed = self.page.evaluate(HAS_RING)
            assert ringed, f"nobody sees that he is at {self.page.evaluate(HERE)}"
            if target.evaluate(IS_HERE):
                return
        raise AssertionError(f"no Tab leads to {target}")

    def presses(self, key: str) -> None:
        """Press a key."""
        self.page.keyboard.press(key)

    def types(self, words: str) -> None:
        """Write over what stands in the field."""
        self.presses("ControlOrMeta+a")
        self.page.keyboard.type(words)

    def skips_to_the_content(self) -> None:
        """Take the first stop of every page."""
        self.goes_to(self.page.get_by_role("link", name="Skip to the content"))
        self.presses("Enter")
        expect(self.page.locator("#main")).to_be_focused()

    def follows(self, name: str, path: str) -> None:
        """Take a link of the navigation, and pass the navigation of the page by."""
        self.goes_to(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True))
        self.presses("Enter")
        self.visitor.arrives(path)
        self.skips_to_the_content()

    def pays_at_the_provider(self) -> None:
        """Fill the provider's form in, and send it."""
        self.visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=self.visitor.installation.sandbox)
        typed = {
            "Card number": GOOD_CARD,
            "Expiration, month and year": "12 / 34",
            "Security code": "123",
            "Cardholder name": "Ada Lovelace",
        }
        for label, words in typed.items():
            self.goes_to(self.page.get_by_label(label))
            self.types(words)
        self.presses("Enter")
        self.visitor.arrives(re.compile(r"/payments/pay-\w+"))


@pytest.fixture
def typist(installation: Installation, visit: Visit) -> Callable[[str], Typist]:
    """Somebody with an invoice to pay, who has signed in with the keyboard alone."""

    def come(email: str) -> Typist:
        visitor = visit()
        typist = Typist(visitor)
        visitor.open("/login")
        typist.goes_to(visitor.page.get_by_label("Email"))
        typist.types(email)
        typist.goes_to(visitor.page.get_by_label("Password"))
        typist.types(PASSWORD)
        typist.presses("Enter")
        visitor.arrives("/")
        return typist

    return come


def test_keys_alone_pay_redeem_switch_and_set_a_threshold(
    installation: Installation, typist: Callable[[str], Typist]
) -> None:
    installation.coupon(CODE, basis_points=2_000)
    customer = installation.customer("keys")
    number = installation.invoice(customer)
    typing = typist(customer.email)
    page, visitor = typing.page, typing.visitor

    typing.follows("Invoices", "/invoices")
    typing.goes_to(page.get_by_role("table").get_by_role("link", name=number))
    typing.presses("Enter")
    visitor.arrives(f"/invoices/{number}")
    typing.skips_to_the_content()
    typing.goes_to(page.get_by_role("button", name="Pay by card"))
    typing.presses("Space")
    typing.pays_at_the_provider()
    visitor.sees("Thank you, it is paid")

    typing.follows("Coupons", "/coupons")
    typing.goes_to(page.get_by_label("Coupon code"))
    typing.types(CODE.lower())
    typing.presses("Enter")
    visitor.sees("Save 20%")
    # A part of the page is another one now; whoever typed is still where he was.
    expect(page.get_by_label("Coupon code")).to_be_focused()
    typing.goes_to(page.get_by_role("button", name=f"Redeem {CODE}"))
    typing.presses("Enter")
    expect(page.get_by_text(f"{CODE} is redeemed")).to_be_visible()

    page.reload()
    typing.follows("Plans", "/plans")
    typing.goes_to(page.get_by_role("link", name="Preview Pro"))
    typing.presses("Enter")
    # What was asked for lies over the plans: it is read on from there.
    expect(page.get_by_role("heading", name="Switch to Pro")).to_be_focused()
    typing.goes_to(page.locator("#confirm"))
    typing.presses("Enter")
    typing.pays_at_the_provider()
    visitor.sees("You are on Pro now")

    typing.follows("Alerts", "/alerts")
    typing.goes_to(page.locator("#alert_threshold"))
    typing.types("5000")
    typing.goes_to(page.locator("#alert_threshold-slider"))
    typing.presses("ArrowRight")
    expect(page.locator("#alert_threshold")).not_to_have_value("5000")
    chosen = page.locator("#alert_threshold").input_value()
    typing.goes_to(page.get_by_role("button", name="Save the alerts"))
    typing.presses("Space")
    expect(page.locator("p[role=status]")).to_have_text("Saved")
    expect(page.locator("#alert_threshold")).to_have_value(chosen)

    page.reload()
    typing.follows("Plans", "/plans")
    asks = page.get_by_role("button", name="Cancel the plan")
    typing.goes_to(asks)
    typing.presses("Enter")
    # Whoever goes on pressing Enter keeps what he has.
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    typing.presses("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(asks).to_be_focused()
