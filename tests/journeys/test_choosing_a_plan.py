"""A plan is chosen with a coupon, paid, and another one scheduled and taken back."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Installation
from tests.journeys.visitor import GOOD_CARD, Visitor

CODE = "WELCOME50"
on_both = pytest.mark.parametrize("installation", ["on_sqlite", "on_postgresql"], indirect=True)


@on_both
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_from_a_coupon_to_a_plan_and_back(
    installation: Installation, visit: Visit, scripts: bool
) -> None:
    code = f"{CODE}{'' if scripts else 'PLAIN'}"
    installation.coupon(code, basis_points=5_000)
    visitor = visit(java_script_enabled=scripts)
    registers(visitor, email=f"{code.lower()}@example.com")
    redeems(visitor, code)

    visitor.clicks("link", "Plans")
    visitor.arrives("/plans")
    expect(visitor.page.get_by_role("heading", name="Pay as you go")).to_be_visible()
    previews(visitor, "Pro")
    # Half of 99.99 is rounded up, and taken off.
    expect(visitor.page.get_by_role("row", name=f"Coupon {code}")).to_contain_text("−$50.00")
    visitor.clicks("button", "Pay $49.99")
    visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=installation.sandbox)
    visitor.types_card(GOOD_CARD)
    visitor.pays("$49.99")
    visitor.arrives(re.compile(r"/payments/pay-\w+"))
    visitor.sees("You are on Pro now")
    visitor.clicks("link", "Overview")
    visitor.arrives("/")
    expect(visitor.page.get_by_role("article").filter(has_text="Pro plan")).to_be_visible()

    visitor.clicks("link", "Plans")
    visitor.arrives("/plans")
    previews(visitor, "Basic")
    visitor.clicks("button", re.compile(r"Switch on \d+ \w+"))
    visitor.arrives("/plans")
    expect(visitor.page.get_by_text("Basic is scheduled")).to_be_visible()
    visitor.clicks("button", "Take it back")
    visitor.arrives("/plans")
    expect(visitor.page.get_by_text("Basic is scheduled")).to_have_count(0)
    expect(visitor.page.get_by_role("region", name="Pro", exact=True)).to_contain_text("active")


def registers(visitor: Visitor, *, email: str) -> None:
    """Open an account."""
    visitor.open("/register")
    visitor.page.get_by_label("Email").fill(email)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.clicks("button", "Create the account")
    visitor.arrives("/")


def redeems(visitor: Visitor, code: str) -> None:
    """Look at what a coupon gives, and redeem it."""
    visitor.clicks("link", "Coupons")
    visitor.arrives("/coupons")
    visitor.page.get_by_label("Coupon code").fill(code.lower())
    visitor.clicks("button", "See what it gives")
    visitor.sees("Save 50%")
    visitor.look()
    visitor.clicks("button", f"Redeem {code}")
    expect(visitor.page.get_by_text(f"{code} is redeemed")).to_be_visible()
    visitor.look()


def previews(visitor: Visitor, plan: str) -> None:
    """See what switching to a plan comes to."""
    visitor.clicks("link", f"Preview {plan}")
    visitor.sees(f"Switch to {plan}")
    visitor.look()
