"""Keeping an account safe: a verified address, a second factor, a forgotten password."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from app.domain.accounts import totp
from app.foundation import clock
from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Customer, Installation
from tests.journeys.speaker import Speaker, comes
from tests.proofs.sizes import IS_LONG

OTHER_PASSWORD = "another battery staple"
# Scripts do not know languages: in `make soak` alone, all read and click in either way.
WAYS = [("en", False), ("zh", True)]
FURTHER_WAYS = [("en", True), ("zh", False)]


@pytest.fixture
def customer(installation: Installation, language: str) -> Customer:
    """Somebody whose account has just been opened."""
    return installation.customer("safe", language=language)


def code_of(secret: str, *, later: int = 0) -> str:
    """Return what the app shows now, or some half minutes later."""
    moment = clock.now() + timedelta(seconds=later * totp.STEP_SECONDS)
    return totp.code_at(secret, totp.step_at(moment))


def verifies_the_address(speaker: Speaker) -> None:
    """Ask for the link again, and follow it."""
    speaker.clicks("button", "Send the link again")
    speaker.opens_link_of("Verify your mail address")
    speaker.reads()
    speaker.clicks("button", "Yes, it is mine")
    speaker.visitor.arrives("/settings/security")
    speaker.reads()


def switches_factor_on(speaker: Speaker) -> tuple[str, list[str]]:
    """Take the secret in, show a code, and write the recovery codes down."""
    page = speaker.page
    speaker.visitor.open("/settings/security/factor")
    speaker.clicks("button", "Begin")
    picture = speaker.said("The picture for your app; its secret stands below as text")
    expect(page.get_by_role("img", name=picture)).to_be_visible()
    speaker.reads()
    page.get_by_text(speaker.said("Or type the secret")).click()
    secret = page.locator("#factor-secret").inner_text()
    speaker.types(code=code_of(secret))
    speaker.clicks("button", "Switch it on")
    speaker.sees("Your recovery codes")
    speaker.visitor.look()
    speaker.reads()
    return secret, page.locator("#recovery-codes").inner_text().split()


def shows_a_code(speaker: Speaker, code: str) -> None:
    """Be asked for a code after the password, and show one."""
    speaker.visitor.arrives(re.compile(r"/login/code(\?next=.*)?"))
    speaker.reads()
    speaker.types(code=code)
    speaker.clicks("button", "Go on")


def has_forgotten_the_password(
    elsewhere: Speaker, reader: Speaker, customer: Customer, *, code: str
) -> None:
    """Ask for a link, choose another password by it, and sign in with that."""
    elsewhere.clicks("link", "Forgot your password?")
    elsewhere.reads()
    elsewhere.types(email=customer.email)
    elsewhere.clicks("button", "Send the link")
    elsewhere.sees("Look into your mail")
    # There is no mail server here: the mail is read where somebody is still signed in.
    reader.opens_link_of("Choose another password")
    reader.reads()
    reader.types(password=OTHER_PASSWORD)
    reader.clicks("button", "Set the password")
    reader.visitor.arrives("/login")
    reader.signs_in(customer.email, OTHER_PASSWORD)
    shows_a_code(reader, code)
    reader.visitor.arrives("/")


def makes_new_codes_and_does_without(speaker: Speaker, used: str) -> None:
    """Take other recovery codes; then switch the factor off, once that is meant."""
    page = speaker.page
    speaker.visitor.open("/settings/security/factor")
    speaker.clicks("button", "Make new recovery codes")
    expect(page.locator("#recovery-codes")).not_to_contain_text(used)
    speaker.reads()
    speaker.visitor.open("/settings/security/factor")
    page.locator("[popovertarget=switch-off]").first.click()
    speaker.reads()
    page.locator("#switch-off [type=submit]").click()
    speaker.visitor.arrives(re.compile("/settings/security(/factor)?"))
    speaker.visitor.open("/settings/security/factor")
    expect(page.get_by_role("button", name=speaker.said("Begin"))).to_be_visible()


@pytest.mark.parametrize(("language", "has_scripts"), [*WAYS, *(FURTHER_WAYS if IS_LONG else ())])
def test_from_the_verified_address_to_a_forgotten_password(
    visit: Visit, customer: Customer, language: str, has_scripts: bool
) -> None:
    data = (customer.email,)
    speaker = comes(visit, language, data=data, java_script_enabled=has_scripts)
    elsewhere = comes(visit, language, data=data)
    for somebody in (speaker, elsewhere):
        somebody.visitor.open("/settings/security")
        somebody.signs_in(customer.email, PASSWORD)
        somebody.visitor.arrives("/settings/security")

    verifies_the_address(speaker)
    secret, paper = switches_factor_on(speaker)
    # Whoever came without a code, elsewhere, has to come in anew, and needs one now.
    elsewhere.visitor.open("/usage")
    elsewhere.signs_in(customer.email, PASSWORD)
    shows_a_code(elsewhere, code_of(secret, later=1))
    elsewhere.visitor.arrives("/usage")

    speaker.visitor.open("/settings/security")
    here = speaker.said("Where you are signed in")
    row = speaker.page.get_by_role("region", name=here).get_by_role("row")
    others = row.filter(has_not_text=speaker.said("this one"))
    others.locator("[type=submit]").click()
    elsewhere.visitor.open("/usage")
    elsewhere.visitor.arrives("/login?next=/usage")

    has_forgotten_the_password(elsewhere, speaker, customer, code=paper[0])
    makes_new_codes_and_does_without(speaker, paper[1])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_one_mail_address_to_another(visit: Visit, customer: Customer, language: str) -> None:
    new_email = f"new-{customer.email}"
    speaker = comes(visit, language, data=(customer.email, new_email))
    page = speaker.page
    speaker.visitor.open("/settings/security")
    speaker.signs_in(customer.email, PASSWORD)
    verifies_the_address(speaker)

    speaker.types(email=new_email)
    speaker.clicks("button", "Change the address")
    speaker.sees("A change waits to be confirmed")
    speaker.reads()
    # There is no mail server here: both mailboxes are read on one page.
    speaker.opens_link_of("Confirm that your mail address changes")
    speaker.reads()
    speaker.clicks("button", "Yes, I agree to it")
    speaker.visitor.arrives("/settings/security")
    again = page.locator(f"button[aria-label*='{new_email}']")
    expect(again).to_be_visible()
    speaker.opens_link_of("Confirm your new mail address")
    speaker.clicks("button", "Yes, this address is mine")
    speaker.visitor.arrives("/settings/security")
    expect(again).to_have_count(0)
    expect(page.locator("main").get_by_text(new_email).first).to_be_visible()
    speaker.reads()
