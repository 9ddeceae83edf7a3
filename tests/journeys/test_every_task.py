"""Each task of a customer from end to end, in each language; the providers' pages stay English."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Customer, Installation, months_ago
from tests.journeys.speaker import Speaker, comes
from tests.journeys.visitor import GOOD_CARD

OTHER_PASSWORD = "another battery staple"


def pays(speaker: Speaker) -> None:
    """Pay by card on the provider's page, and come back."""
    speaker.visitor.arrives(re.compile(r"/c/pay/cs_\w+"), at=speaker.visitor.installation.sandbox)
    speaker.visitor.types_card(GOOD_CARD)
    speaker.page.get_by_role("button", name=re.compile("^Pay ")).click()
    comes_back(speaker)


def pays_by_paypal(speaker: Speaker) -> None:
    """Pay on PayPal's page, and come back."""
    page = re.compile(r"/checkoutnow\?token=\w+")
    speaker.visitor.arrives(page, at=speaker.visitor.installation.sandbox)
    speaker.visitor.pays()
    comes_back(speaker)


def comes_back(speaker: Speaker) -> None:
    """Be thanked for what is paid."""
    speaker.visitor.arrives(re.compile(r"/payments/pay-\w+(\?token=\w+&PayerID=\w+)?"))
    expect(speaker.page.locator("#payment")).to_have_class(re.compile("payment-settled"))
    speaker.reads()


def keeps(speaker: Speaker, name: str) -> Path:
    """Download what the link promises."""
    with speaker.page.expect_download() as downloading:
        speaker.page.get_by_role("link", name=speaker.said(name)).first.click()
    return Path(downloading.value.path())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_customers_tasks(installation: Installation, visit: Visit, language: str) -> None:
    email, code = f"xiaoming-{language}@example.com", f"TASKS{language.upper()}"
    installation.coupon(code, basis_points=1_000)
    # Some browsers know a zone by the name that it had before.
    options = {"accept_downloads": True, "timezone_id": "Asia/Calcutta"}
    speaker = comes(visit, language, data=(email, code, "script", "ZIP JSON"), **options)

    user_id = opens_an_account(speaker, email)
    installation.report(user_id)
    looks_at_usage(speaker)
    key = makes_a_key(speaker)
    customer = Customer(user_id, email, key)
    pays_invoices(speaker, installation, customer)
    redeems(speaker, code)
    chooses_a_plan(speaker)
    buys_tokens(speaker)
    changes_his_mind(speaker)
    wants_to_be_told(speaker)
    saves_a_card(speaker)
    sets_limits(speaker)
    changes_the_password(speaker)
    takes_a_bill_home(speaker)
    takes_everything_home(speaker, email)
    leaves_and_stays_after_all(speaker, email)


def opens_an_account(speaker: Speaker, email: str) -> str:
    """Register, go, and come again; return what gateways call the account."""
    page, visitor = speaker.page, speaker.visitor
    visitor.open("/register")
    speaker.reads()
    expect(page.locator("#timezone")).to_have_value("Asia/Kolkata")
    speaker.types(email=email, password=PASSWORD)
    speaker.sends("password")
    visitor.arrives("/")
    user_id = page.locator("#user-id").inner_text()
    speaker.signs_out()
    speaker.reads()
    speaker.signs_in(email, PASSWORD)
    visitor.arrives("/")
    return user_id


def looks_at_usage(speaker: Speaker) -> None:
    """See what was used, and take it home."""
    speaker.goes_to("Usage", "/usage")
    expect(speaker.page.get_by_role("rowheader", name="gpt-4").first).to_be_visible()
    speaker.reads()
    assert "gpt-4" in keeps(speaker, "Export CSV").read_text()


def makes_a_key(speaker: Speaker) -> str:
    """Make a key for a program, put another in its place, and end that."""
    page = speaker.page
    speaker.goes_to("API keys", "/keys")
    speaker.types(name="script")
    page.locator("#scope").select_option("write")
    speaker.sends("name")
    first = page.locator("#new-key").inner_text()
    speaker.reads()
    page.locator("a[href$='/replace']").click()
    speaker.visitor.arrives(re.compile(r"/keys/\d+/replace"))
    page.locator("#overlap").select_option("now")
    speaker.sends("overlap")
    key = page.locator("#new-key").inner_text()
    assert key != first
    speaker.types(name="script 2")
    speaker.sends("name")
    page.locator("tr", has_text="script 2").locator("a[href$='/revoke']").click()
    speaker.clicks("button", "Revoke this key")
    speaker.visitor.arrives("/keys")
    speaker.reads()
    return key


def pays_invoices(speaker: Speaker, installation: Installation, customer: Customer) -> None:
    """Pay invoices that came: one by card, another one with PayPal."""
    page = speaker.page
    for provider, months in (("card", 2), ("paypal", 3)):
        # The key's program has asked for it.
        number = installation.invoice(customer, month=months_ago(months))
        speaker.goes_to("Invoices", "/invoices")
        page.get_by_role("table").get_by_role("link", name=number).click()
        speaker.visitor.arrives(f"/invoices/{number}")
        if provider == "card":
            page.locator("#pay").click()
            pays(speaker)
        else:
            speaker.clicks("button", "Pay with PayPal")
            pays_by_paypal(speaker)
        assert installation.status_of(customer, number) == "paid"


def redeems(speaker: Speaker, code: str) -> None:
    """Redeem a coupon once it is seen what it gives."""
    page = speaker.page
    speaker.goes_to("Coupons", "/coupons")
    speaker.types(coupon_code=code)
    page.locator("#preview-coupon").click()
    speaker.clicks("button", "Redeem %(code)s", code=code)
    expect(page.locator("#redeemed").get_by_role("rowheader", name=code)).to_be_visible()
    speaker.reads()


def chooses_a_plan(speaker: Speaker) -> None:
    """Choose the plan that the coupon makes cheaper, and pay it."""
    speaker.goes_to("Plans", "/plans")
    speaker.page.locator("#preview-plan-pro").click()
    speaker.page.locator("#confirm").click()
    pays(speaker)


def buys_tokens(speaker: Speaker) -> None:
    """See what an amount buys, and pay it."""
    speaker.goes_to("Tokens", "/tokens")
    speaker.types(amount="12")
    expect(speaker.page.locator("#quote")).to_contain_text("80,000")
    speaker.page.locator("#pay").click()
    pays(speaker)


def changes_his_mind(speaker: Speaker) -> None:
    """Schedule another plan and take that back; then cancel the plan, and keep it."""
    page, resume = speaker.page, speaker.page.locator("#resume")
    speaker.goes_to("Plans", "/plans")
    page.locator("#preview-plan-basic").click()
    page.locator("#confirm").click()
    expect(resume).to_be_visible()
    speaker.reads()
    resume.click()
    expect(resume).to_have_count(0)
    page.locator("[popovertarget=cancel-plan]").first.click()
    page.locator("#cancel-plan [type=submit]").click()
    expect(resume).to_be_visible()
    speaker.reads()
    resume.click()
    expect(resume).to_have_count(0)


def wants_to_be_told(speaker: Speaker) -> None:
    """Set a threshold."""
    speaker.goes_to("Alerts", "/alerts")
    speaker.types(alert_threshold="5000")
    speaker.saves("alert_threshold")
    speaker.reads()


def saves_a_card(speaker: Speaker) -> None:
    """Save a card for later, let it buy tokens by itself, and remove it."""
    page = speaker.page
    speaker.goes_to("Payment methods", "/payment-methods")
    page.locator("#consent").check()
    speaker.sends("consent")
    sandbox = speaker.visitor.installation.sandbox
    speaker.visitor.arrives(re.compile(r"/c/setup/\w+|/c/pay/cs_\w+"), at=sandbox)
    speaker.visitor.types_card(GOOD_CARD)
    speaker.visitor.clicks("button", "Save this card")
    speaker.visitor.arrives(re.compile(r"/payment-methods.*"))
    card = page.get_by_role("row", name="Visa •••• 4242")
    expect(card).to_be_visible()
    speaker.reads()

    speaker.goes_to("Tokens", "/tokens")
    page.locator("#auto_topup").check()
    speaker.types(auto_topup_threshold="1234", auto_topup_amount="20")
    expect(page.locator("#rule")).to_contain_text("1,234")
    speaker.saves("auto_topup")
    expect(page.locator("#auto_topup")).to_be_checked()
    speaker.reads()

    speaker.goes_to("Payment methods", "/payment-methods")
    page.locator("[popovertarget^=remove-]").first.click()
    page.locator("[id^=remove-] [type=submit]").first.click()
    expect(card).to_have_count(0)
    speaker.reads()


def sets_limits(speaker: Speaker) -> None:
    """Set a limit of one's own."""
    speaker.goes_to("Settings", "/settings")
    speaker.types(spend_limit="250")
    speaker.saves("spend_limit")
    speaker.reads()


def changes_the_password(speaker: Speaker) -> None:
    """Choose another password."""
    speaker.visitor.open("/settings/security")
    speaker.types(old_password=PASSWORD, password=OTHER_PASSWORD)
    speaker.sends("old_password")
    expect(speaker.page.locator("#old_password")).to_have_value("")
    speaker.reads()


def takes_a_bill_home(speaker: Speaker) -> None:
    """Take a bill home as a document."""
    speaker.goes_to("Invoices", "/invoices")
    bill = speaker.page.get_by_role("table").get_by_role("link", name=re.compile("^INV-"))
    bill.first.click()
    speaker.page.wait_for_load_state()
    speaker.reads()
    assert keeps(speaker, "Download PDF").read_bytes().startswith(b"%PDF")


def takes_everything_home(speaker: Speaker, email: str) -> None:
    """Take all that is held of one: the password was entered a moment ago."""
    speaker.visitor.open("/settings/data")
    speaker.reads()
    with speaker.page.expect_download() as downloading:
        speaker.clicks("button", "Download my data")
    with ZipFile(downloading.value.path()) as packed:
        assert any(email in packed.read(name).decode() for name in packed.namelist())


def leaves_and_stays_after_all(speaker: Speaker, email: str) -> None:
    """Have the account deleted, go and come again, and keep it."""
    speaker.types(email=email)
    speaker.sends("email")
    speaker.sees("Your account will be deleted")
    speaker.reads()
    speaker.signs_out()
    speaker.signs_in(email, OTHER_PASSWORD)
    speaker.visitor.arrives("/")
    speaker.reads()
    speaker.clicks("button", "Keep my account")
    speaker.visitor.arrives("/settings/data")
    speaker.sees("Delete your account")
    speaker.reads()
