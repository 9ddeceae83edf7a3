"""Letters about plans say what they cost, and nothing that is not so."""

import pytest

from app.config import Settings
from app.domain.accounts.models import Account
from app.entrypoints.letters import Letter, write_letter
from app.foundation.database import transaction
from tests.factories.mails import FACTS, make_mail
from tests.halves import on_one_of_both
from tests.moments import NOW

GONE = object()


def letter_of(account: Account, kind: str, settings: Settings, **changes: object) -> Letter:
    """Return a letter with its sample facts, some of them changed; what is GONE is left out."""
    facts = {**FACTS[kind], **changes}
    told = {name: fact for name, fact in facts.items() if fact is not GONE}
    return write_letter(make_mail(account, kind, facts=told, now=NOW), account, settings=settings)


# What a letter says is the same question to both databases.
@on_one_of_both
class TestScheduledChange:
    def test_tells_its_price(self, ada: Account, settings: Settings) -> None:
        letter = letter_of(ada, "change_scheduled", settings, first_minor=999)
        for words in (letter.text, letter.html):
            assert "Basic costs $9.99 a month" in words
            assert "With the coupons" not in words

    @pytest.mark.parametrize(("first_minor", "said"), [(799, "$7.99"), (0, "$0.00")])
    def test_tells_what_coupons_leave(
        self, ada: Account, settings: Settings, first_minor: int, said: str
    ) -> None:
        letter = letter_of(ada, "change_scheduled", settings, first_minor=first_minor)
        for words in (letter.text, letter.html):
            assert f"the first payment is {said}." in words

    def test_of_no_price_says_so(self, ada: Account, settings: Settings) -> None:
        free = letter_of(ada, "change_scheduled", settings, price_minor=0, first_minor=0)
        for words in (free.text, free.html):
            assert "It costs nothing a month." in words
            assert "$" not in words

    def test_of_before_is_still_read(self, ada: Account, settings: Settings) -> None:
        old = letter_of(ada, "change_scheduled", settings, price_minor=GONE, first_minor=GONE)
        assert "$" not in old.text and "Basic" in old.text


@on_one_of_both
class TestCancelled:
    def test_of_a_price_tells_what_is_not_charged(self, ada: Account, settings: Settings) -> None:
        letter = letter_of(ada, "plan_cancelled", settings)
        for words in (letter.text, letter.html):
            assert "the $99.99 of its next period are not charged" in words

    @pytest.mark.parametrize(
        ("language", "said"), [("en", "At its end it is not renewed."), ("zh", "到期后不再续订。")]
    )
    def test_of_no_price_speaks_of_no_money(
        self, ada: Account, settings: Settings, language: str, said: str
    ) -> None:
        with transaction():
            ada.locale = language
        letter = letter_of(ada, "plan_cancelled", settings, price_minor=0)
        for words in (letter.text, letter.html):
            assert said in words
            assert "$" not in words and "paid back" not in words
