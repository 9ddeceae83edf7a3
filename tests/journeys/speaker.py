"""A person who reads one of our languages: what he looks for is called by its word in that."""

from playwright.sync_api import Page, expect

from app.foundation.languages import CHINESE, LANGUAGES, translations
from tests.journeys.conftest import Visit
from tests.journeys.installation import wait_until
from tests.journeys.looks import Look, speaks_chinese
from tests.journeys.visitor import Visitor

BROWSERS_SPEAK = {"en": "en-GB", "zh": "zh-CN"}
MAILED_WITHIN_SECONDS = 20
LINK_IN_MAIL = r"https?://[^/\s]+(/(?:verify|reset)/\S+)"
# What has no other name in Chinese, and what each journey types.
NAMES = (
    "English PayPal Visa PDF INV CN gpt openai Enterprise Stripe Chrome Linux",
    "example com",
)


class Speaker:
    """Somebody with a browser, and the language that he reads."""

    def __init__(self, visitor: Visitor, language: str, *, data: tuple[str, ...] = ()) -> None:
        self.visitor = visitor
        self.language = language
        self._look: Look = speaks_chinese(data=(*NAMES, *data))

    @property
    def page(self) -> Page:
        """Return what is open in front of him."""
        return self.visitor.page

    def said(self, english: str, **named: str) -> str:
        """Return our words as he reads them."""
        words = translations(self.language).gettext(english)
        assert (words == english) == (self.language != CHINESE), f"nobody says {english!r}"
        return words % named if named else words

    def reads(self) -> None:
        """Find the page in his language, and nothing on it in English if that is another."""
        expect(self.page.locator("html")).to_have_attribute("lang", LANGUAGES[self.language])
        if self.language == CHINESE:
            assert self._look(self.page) == []

    def clicks(self, role: str, english: str, **named: str) -> None:
        """Click what is called so."""
        self.visitor.clicks(role, self.said(english, **named))

    def sends(self, field: str) -> None:
        """Send the form that the field is in."""
        self.page.locator(f"form:has(#{field}) [type=submit]").last.click()

    def types(self, **typed: str) -> None:
        """Fill fields in, each by the name that the API has for it."""
        for field, words in typed.items():
            self.page.locator(f"#{field}").fill(words)

    def sees(self, english: str) -> None:
        """Find a heading that says so."""
        self.visitor.sees(self.said(english))

    def goes_to(self, english: str, path: str) -> None:
        """Take a link of the navigation."""
        navigation = self.page.get_by_role("navigation")
        navigation.get_by_role("link", name=self.said(english), exact=True).click()
        self.visitor.arrives(path)

    def saves(self, field: str) -> None:
        """Save the part of a form that the field is in, and be told that it is saved."""
        self.page.locator(f"form:has(#{field}) .save-bar button").last.click()
        told = self.page.locator(".save-bar p[role=status]")
        expect(told.filter(has_text=self.said("Saved"))).to_be_visible()

    def signs_in(self, email: str, password: str) -> None:
        """Fill the form of the door in."""
        self.types(email=email, password=password)
        self.sends("password")

    def signs_out(self) -> None:
        """Leave by the menu."""
        self.page.locator("details.account summary").click()
        self.clicks("button", "Sign out")
        self.visitor.arrives("/login")

    def opens_link_of(self, subject: str) -> None:
        """Read the mail on the page that keeps mails, and go where its text leads."""
        told = self.said(subject)
        mail = self.page.get_by_role("link", name=told)

        def has_come() -> bool:
            self.visitor.open("/mails")
            return mail.count() > 0

        wait_until(has_come, MAILED_WITHIN_SECONDS)
        mail.first.click()
        self.visitor.sees(told)
        self.visitor.follows_link_of_mail(LINK_IN_MAIL)


def comes(visit: Visit, language: str, *, data: tuple[str, ...] = (), **options: object) -> Speaker:
    """Let somebody come whose browser speaks the language."""
    visitor = visit(**{"locale": BROWSERS_SPEAK[language], **options})
    return Speaker(visitor, language, data=data)
