"""A plan is chosen with a coupon, paid, another one scheduled and taken back; then it is used."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Installation, wait_until
from tests.journeys.visitor import GOOD_CARD, Visitor
from tests.proofs.sizes import IS_LONG

CODE = "WELCOME50"
TOLD = re.compile("^Your token balance is down to")
TOLD_WITHIN_SECONDS = 60
# The database does not know who has scripts: in `make soak` alone, both have either.
WAYS = [("on_sqlite", True), ("on_postgresql", False)]
FURTHER_WAYS = [("on_sqlite", False), ("on_postgresql", True)]


@pytest.mark.parametrize(
    ("installation", "scripts"),
    [*WAYS, *(FURTHER_WAYS if IS_LONG else ())],
    indirect=["installation"],
)
def test_from_a_coupon_to_a_plan_and_back(
    installation: Installation, visit: Visit, scripts: bool
) -> None:
    code = f"{CODE}{'' if scripts else 'PLAIN'}"
    installation.coupon(code, basis_points=5_000)
    visitor = visit(java_script_enabled=scripts)
    user_id = registers(visitor, email=f"{code.lower()}@example.com")
    redeems(visitor, code)

    goes_to_plans(visitor)
    expect(visitor.page.get_by_role("region", name="Pay as you go")).to_be_visible()
    previews(visitor, "Pro")
    # Half of 99.99 is rounded up, and taken off.
    expect(visitor.page.get_by_role("row", name=f"Coupon {code}")).to_contain_text("−$50.00")
    visitor.clicks("button", "Pay $49.99")
    visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=installation.sandbox)
    visitor.types_card(GOOD_CARD)
    visitor.pays("$49.99")
    visitor.arrives(re.compile(r"/payments/pay-\w+"))
    visitor.sees("You are on Pro now")
    visitor.clicks("link", "The invoice")
    visitor.arrives(re.compile(r"/invoices/INV-[\w-]+"))
    discount = visitor.page.get_by_role("table").get_by_role("row", name=f"Coupon {code}")
    expect(discount).to_contain_text("−$50.00")
    expect(visitor.page.get_by_role("row", name="Total, USD")).to_contain_text("$49.99")
    visitor.clicks("link", "Overview")
    visitor.arrives("/")
    expect(visitor.page.get_by_role("article").filter(has_text="Quota left")).to_be_visible()

    goes_to_plans(visitor)
    previews(visitor, "Basic")
    visitor.clicks("button", re.compile(r"Switch on \d+ \w+"))
    visitor.arrives("/plans")
    expect(visitor.page.get_by_text("Basic is scheduled")).to_be_visible()
    visitor.clicks("button", "Take it back")
    visitor.arrives("/plans")
    expect(visitor.page.get_by_text("Basic is scheduled")).to_have_count(0)
    expect(visitor.page.get_by_role("region", name="Pro", exact=True)).to_contain_text("active")

    wants_to_be_told(visitor, tokens=999_900)
    installation.report(user_id)
    is_told_once(visitor)
    installation.report(user_id)
    limits_the_spend(visitor, usd="250")
    goes_to_buy_tokens(visitor, usd="12", tokens="80,000")
    is_told_once(visitor)


def registers(visitor: Visitor, *, email: str) -> str:
    """Open an account, and return what it is called in reports."""
    visitor.open("/register")
    visitor.page.get_by_label("Email").fill(email)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.clicks("button", "Create the account")
    visitor.arrives("/")
    return visitor.page.locator("#user-id").inner_text()


def redeems(visitor: Visitor, code: str) -> None:
    """Look at what a coupon gives, and redeem it."""
    visitor.clicks("link", "Coupons")
    visitor.arrives("/coupons")
    visitor.page.get_by_label("Coupon code").fill(code.lower())
    visitor.clicks("button", "See what it gives")
    visitor.sees("Save 50%")
    visitor.look()
    # What was looked at has an address: back leads to before it, and forward to it again.
    visitor.goes_back()
    visitor.arrives("/coupons")
    expect(visitor.page.get_by_role("heading", name="Save 50%")).to_have_count(0)
    visitor.page.go_forward()
    visitor.sees("Save 50%")
    visitor.clicks("button", f"Redeem {code}")
    expect(visitor.page.get_by_text(f"{code} is redeemed")).to_be_visible()
    visitor.arrives("/coupons")


def goes_to_plans(visitor: Visitor) -> None:
    """Open the plans from the navigation; other links on a page name them, too."""
    visitor.page.get_by_role("link", name="Plans", exact=True).click()
    visitor.arrives("/plans")


def previews(visitor: Visitor, plan: str) -> None:
    """See what switching to a plan comes to, go back to all of them, and see it again."""
    for leads_back in (True, False):
        visitor.clicks("link", f"Preview {plan}")
        # A page of its own says also from what.
        heading = re.compile(f"^(Switch|From .+) to {plan}$")
        expect(visitor.page.get_by_role("heading", name=heading)).to_be_visible()
        visitor.arrives(f"/plans/plan-{plan.lower()}")
        if leads_back:
            # With scripts nothing is loaded for that: what lies over the page is closed.
            visitor.page.go_back()
            visitor.arrives("/plans")
            expect(visitor.page.get_by_role("heading", name=heading)).to_be_hidden()


def test_a_preview_lies_over_the_plans(installation: Installation, visit: Visit) -> None:
    visitor = visit()
    visitor.signs_in(installation.customer("previewing"))
    visitor.open("/plans")
    page, loaded = visitor.page, list[str]()
    page.on("load", lambda loading: loaded.append(loading.url))
    link = page.get_by_role("link", name="Preview Pro")
    dialog = page.get_by_role("dialog", name="Switch to Pro")
    title = dialog.get_by_role("heading", name="Switch to Pro")
    for close in (
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("button", name="Close").click(),
        page.go_back,
    ):
        link.press("Enter")
        expect(title).to_be_focused()
        visitor.arrives("/plans/plan-pro")
        expect(dialog.get_by_role("row", name="Pro plan").first).to_contain_text("$99.99")
        close()
        expect(dialog).to_be_hidden()
        visitor.arrives("/plans")
        expect(link).to_be_focused()
    page.go_forward()
    expect(title).to_be_focused()
    visitor.minds()
    # All of that was one page; at its address the preview is a page of its own, and back leads out.
    assert loaded == []
    page.reload()
    expect(page.get_by_role("heading", name="From pay as you go to Pro")).to_be_visible()
    visitor.goes_back()
    visitor.arrives("/plans")
    expect(link).to_be_visible()
    expect(page.get_by_role("heading", name="From pay as you go to Pro")).to_have_count(0)


def wants_to_be_told(visitor: Visitor, *, tokens: int) -> None:
    """Set an alert, and find it set."""
    visitor.clicks("link", "Alerts")
    visitor.arrives("/alerts")
    visitor.page.locator("#alert_threshold").fill(str(tokens))
    visitor.clicks("button", "Save the alerts")
    # The numbers beside the sliders are a status of their own.
    expect(visitor.page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(visitor.page.get_by_text(f"{tokens:,} tokens left").first).to_be_visible()
    visitor.look()


def is_told_once(visitor: Visitor) -> None:
    """Find one mail about what is left, of the moment when the line was crossed."""

    def told() -> list[str]:
        visitor.page.goto(f"{visitor.installation.address}/mails")
        return visitor.page.get_by_role("link", name=TOLD).all_inner_texts()

    wait_until(lambda: bool(told()), TOLD_WITHIN_SECONDS)
    assert told() == ["Your token balance is down to 999,380"]
    visitor.look()
    visitor.open("/alerts")
    crossed = visitor.page.get_by_role("region", name="What was crossed").get_by_role("row")
    expect(crossed.filter(has_text="tokens left")).to_have_count(1)


def limits_the_spend(visitor: Visitor, *, usd: str) -> None:
    """Save a setting, and find it there again."""
    visitor.clicks("link", "Settings")
    visitor.arrives("/settings")
    visitor.page.locator("#spend_limit").fill(usd)
    # One below each part of the form; all of them save all of it.
    visitor.page.get_by_role("button", name="Save the settings").last.click()
    expect(visitor.page.get_by_role("status")).to_have_text("Saved")
    visitor.open("/settings")
    expect(visitor.page.locator("#spend_limit")).to_have_value(re.compile(rf"{usd}(\.00)?"))


def goes_to_buy_tokens(visitor: Visitor, *, usd: str, tokens: str) -> None:
    """See what an amount buys, and be led to pay it."""
    visitor.clicks("link", "Tokens")
    visitor.arrives("/tokens")
    visitor.page.locator("#amount").fill(usd)
    show = visitor.page.get_by_role("button", name="Show what it buys")
    # Scripts follow what is typed; without them there is a button.
    if show.is_visible():
        show.click()
    expect(visitor.page.locator("#quote")).to_contain_text(f"Buys {tokens} tokens for {usd}.00 USD")
    visitor.look()
    visitor.clicks("button", "Pay by card")
    visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=visitor.installation.sandbox)
    expect(visitor.page.get_by_role("button", name=f"Pay ${usd}.00")).to_be_visible()
