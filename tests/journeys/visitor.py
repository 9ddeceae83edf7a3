"""A person with a browser, who minds what every page must keep."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from tests.journeys.installation import PASSWORD, Customer, Installation, wait_until

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 15_000
FITS_WITHIN_SECONDS = 5
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`${event.effectiveDirective} forbids ${event.blockedURI || event.sample}`);
});
"""
WIDER_THAN_SHOWN = """
() => document.documentElement.scrollWidth - document.documentElement.clientWidth
"""
GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """A person, what is open in front of him, and what went wrong there."""

    def __init__(self, installation: Installation, page: Page) -> None:
        self.installation = installation
        self.page = page
        self.troubles: list[str] = []
        page.context.on("console", self._note)
        page.context.on("weberror", lambda wrong: self.troubles.append(str(wrong.error)))

    def open(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(self.installation.address + path)
        self.minds()

    def turns_to(self, page: Page) -> None:
        """Look at another tab."""
        self.page = page
        page.bring_to_front()

    def arrives(self, path: str | re.Pattern[str], *, at: str = "") -> None:
        """Be led to a page; others' are looked at, ours are all walked through elsewhere."""
        address = re.escape(at or self.installation.address)
        rest = re.escape(path) if isinstance(path, str) else path.pattern
        try:
            expect(self.page).to_have_url(re.compile(f"^{address}{rest}$"))
        except AssertionError:
            # What the browser says about it is the better reason.
            self.minds()
            raise
        self.page.wait_for_load_state()
        if at:
            self.look()
        self.minds()

    def goes_back(self) -> None:
        """Press the browser's button; the page before is asked for anew."""
        self.page.evaluate("window.isOld = true")
        self.page.go_back()
        self.page.wait_for_function("() => !window.isOld && document.readyState === 'complete'")

    def look(self) -> None:
        """See whether the page fits a phone, and whether anything is wrong with it."""
        self.page.set_viewport_size(PHONE)
        # Charts are drawn anew a moment after the window has changed.
        wait_until(
            lambda: self.page.evaluate(WIDER_THAN_SHOWN) <= 0,
            FITS_WITHIN_SECONDS,
            lambda: f"{self.page.url} is wider than a phone",
        )
        self.page.set_viewport_size(DESKTOP)
        self.minds()

    def minds(self) -> None:
        """Say what the browser complained about."""
        assert not self.troubles, "\n".join(self.troubles)

    def forgets(self, noted: str) -> None:
        """Pass over that the browser notes a refusal's status, and nothing else."""
        assert all(noted in each for each in self.troubles), self.troubles
        self.troubles.clear()

    def clicks(self, role: Any, name: str | re.Pattern[str]) -> None:
        """Click what has this role and name."""
        self.page.get_by_role(role, name=name).click()

    def sees(self, words: str) -> None:
        """Find a heading that says so."""
        expect(self.page.get_by_role("heading", name=words)).to_be_visible()

    def follows_link_of_mail(self, link: str) -> None:
        """Go where the text of the mail that is open leads; the link's pattern tells its path."""
        text = self.page.locator(".mail-text").inner_text()
        self.open(re.search(link, text)[1])

    # --- Paying -------------------------------------------------------------------------------

    def signs_in(self, customer: Customer) -> None:
        """Sign in on the way to the invoices."""
        self.open("/invoices")
        self.arrives("/login?next=/invoices")
        self.page.get_by_label("Email").fill(customer.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.clicks("button", "Sign in")
        self.arrives("/invoices")

    def goes_to_pay(self, invoice_number: str, *, saving_card: bool = False) -> None:
        """Go from the list of invoices to the provider's page."""
        self.page.get_by_role("table").get_by_role("link", name=invoice_number).click()
        self.arrives(f"/invoices/{invoice_number}")
        if saving_card:
            self.page.get_by_label("Save my card as well").check()
        self.clicks("button", "Pay by card")
        self.arrives(re.compile(r"/c/pay/cs_\w+"), at=self.installation.sandbox)

    def goes_to_paypal(self, invoice_number: str) -> None:
        """Go from the invoice to PayPal's page."""
        self.open(f"/invoices/{invoice_number}")
        self.clicks("button", "Pay with PayPal")
        self.arrives(re.compile(r"/checkoutnow\?token=\w+"), at=self.installation.sandbox)

    def types_card(self, number: str) -> None:
        """Fill the provider's form in."""
        fields = {
            "Card number": number,
            "Expiration, month and year": "12 / 34",
            "Security code": "123",
            "Cardholder name": "Ada Lovelace",
        }
        for label, typed in fields.items():
            self.page.get_by_label(label).fill(typed)

    def pays(self, amount: str = "$15.00") -> None:
        """Send the provider's form."""
        self.clicks("button", f"Pay {amount}")

    def pays_and_is_gone(self) -> None:
        """Send the provider's form; the way back is never gone."""
        answers: list[int] = []

        def cut_off(route: Route) -> None:
            answers.append(route.fetch(max_redirects=0).status)
            route.abort("aborted")

        self.page.route(self.page.url, cut_off)
        with self.page.expect_event("requestfailed"):
            self.pays()
        self.page.context.close()
        assert answers == [303], "the provider leads on whoever has paid"

    def finds_it_paid(self, invoice_number: str) -> str:
        """Come back from the provider, see that it is paid, and return the payment's id."""
        self.arrives(re.compile(r"/payments/pay-\w+(\?token=\w+&PayerID=\w+)?"))
        self.sees("Thank you, it is paid")
        payment_id = self.page.url.partition("?")[0].rpartition("/")[2]
        self.clicks("link", "To the invoice")
        self.arrives(f"/invoices/{invoice_number}")
        self.sees(f"{invoice_number} paid")
        expect(self.page.get_by_role("button", name="Pay by card")).to_have_count(0)
        return payment_id

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.text} ({message.location.get('url')})")


@contextmanager
def visiting(browser: Browser, installation: Installation, **options: Any) -> Iterator[Visitor]:
    """Give somebody a browser of his own; at the end nothing was wrong with any page."""
    usual = {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Berlin"}
    context = browser.new_context(**{**usual, **options})
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(TELL_VIOLATIONS)
    try:
        visitor = Visitor(installation, context.new_page())
        yield visitor
        visitor.minds()
    finally:
        context.close()
