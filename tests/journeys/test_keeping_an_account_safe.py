"""Keeping an account safe: a verified address, a second factor, a forgotten password."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.accounts import totp
from app.foundation import clock
from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Customer, Installation, wait_until
from tests.journeys.visitor import Visitor

OTHER_PASSWORD = "another battery staple"
MAILED_WITHIN_SECONDS = 20


@pytest.fixture
def customer(installation: Installation) -> Customer:
    """Somebody whose account has just been opened."""
    return installation.customer("safe")


def signs_in(visitor: Visitor, customer: Customer, *, password: str = PASSWORD) -> None:
    """Fill the form of the door in."""
    visitor.page.get_by_label("Email").fill(customer.email)
    visitor.page.get_by_label("Password").fill(password)
    visitor.clicks("button", "Sign in")


def opens_link_of(visitor: Visitor, subject: str) -> None:
    """Read the mail on the page that keeps mails, and go where its text leads."""
    page = visitor.page
    mail = page.get_by_role("link", name=subject)

    def has_come() -> bool:
        visitor.open("/mails")
        return mail.count() > 0

    wait_until(has_come, MAILED_WITHIN_SECONDS)
    mail.first.click()
    visitor.sees(subject)
    text = page.locator(".mail-text").inner_text()
    visitor.open(re.search(r"https?://[^/\s]+(/(?:verify|reset)/\S+)", text)[1])


def code_of(secret: str, *, later: int = 0) -> str:
    """Return what the app shows now, or some half minutes later."""
    moment = clock.now() + timedelta(seconds=later * totp.STEP_SECONDS)
    return totp.code_at(secret, totp.step_at(moment))


def switches_factor_on(visitor: Visitor) -> tuple[str, list[str]]:
    """Take the secret in, show a code, and write the recovery codes down."""
    page: Page = visitor.page
    visitor.open("/settings/security/factor")
    visitor.clicks("button", "Begin")
    expect(page.get_by_role("img", name="The picture for your app")).to_be_visible()
    page.get_by_text("Or type the secret").click()
    secret = page.locator("#factor-secret").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    visitor.clicks("button", "Switch it on")
    visitor.sees("Your recovery codes")
    visitor.look()
    return secret, page.locator("#recovery-codes").inner_text().split()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_from_the_verified_address_to_a_forgotten_password(
    installation: Installation, visit: Visit, customer: Customer, has_scripts: bool
) -> None:
    visitor, elsewhere = visit(java_script_enabled=has_scripts), visit()
    for somebody in (visitor, elsewhere):
        somebody.open("/settings/security")
        signs_in(somebody, customer)
        somebody.sees("Security")

    visitor.clicks("button", "Send the link again")
    opens_link_of(visitor, "Verify your mail address")
    visitor.clicks("button", "Yes, it is mine")
    visitor.arrives("/settings/security")
    expect(visitor.page.get_by_text("is verified.")).to_be_visible()

    secret, paper = switches_factor_on(visitor)
    # Whoever came without a code, elsewhere, has to come in anew, and needs one now.
    elsewhere.open("/usage")
    signs_in(elsewhere, customer)
    elsewhere.arrives("/login/code?next=/usage")
    elsewhere.page.get_by_label("Code").fill(code_of(secret, later=1))
    elsewhere.clicks("button", "Go on")
    elsewhere.arrives("/usage")

    visitor.open("/settings/security")
    row = visitor.page.get_by_role("region", name="Where you are signed in").get_by_role("row")
    row.filter(has_not_text="this one").get_by_role("button", name="Sign out").click()
    elsewhere.open("/usage")
    elsewhere.arrives("/login?next=/usage")

    elsewhere.clicks("link", "Forgot your password?")
    elsewhere.page.get_by_label("Email").fill(customer.email)
    elsewhere.clicks("button", "Send the link")
    elsewhere.sees("Look into your mail")
    # There is no mail server here: the mail is read where somebody is still signed in.
    opens_link_of(visitor, "Choose another password")
    visitor.page.get_by_label("New password").fill(OTHER_PASSWORD)
    visitor.clicks("button", "Set the password")
    visitor.arrives("/login")
    signs_in(visitor, customer, password=OTHER_PASSWORD)
    visitor.page.get_by_label("Code").fill(paper[0])
    visitor.clicks("button", "Go on")
    visitor.arrives("/")


def test_from_one_mail_address_to_another(visit: Visit, customer: Customer) -> None:
    visitor, new_email = visit(), f"new-{customer.email}"
    visitor.open("/settings/security")
    signs_in(visitor, customer)
    visitor.clicks("button", "Send the link again")
    opens_link_of(visitor, "Verify your mail address")
    visitor.clicks("button", "Yes, it is mine")
    visitor.arrives("/settings/security")

    visitor.page.get_by_label("New mail address").fill(new_email)
    visitor.clicks("button", "Change the address")
    visitor.sees("A change waits to be confirmed")
    # There is no mail server here: both mailboxes are read on one page.
    opens_link_of(visitor, "Confirm that your mail address changes")
    visitor.clicks("button", "Yes, I agree to it")
    visitor.arrives("/settings/security")
    again = visitor.page.get_by_role("button", name=f"Send the link to {new_email} again")
    expect(again).to_be_visible()
    opens_link_of(visitor, "Confirm your new mail address")
    visitor.clicks("button", "Yes, this address is mine")
    visitor.arrives("/settings/security")
    shown = visitor.page.get_by_text(f"{new_email} is the account’s mail address now.")
    expect(shown).to_be_visible()
