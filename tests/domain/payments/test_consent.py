"""What is agreed to: the text that holds now, and no other."""

import pytest

from app.domain.payments import consent
from app.domain.payments.consent import Consent, consent_to
from app.domain.payments.errors import ConsentMissing
from tests.moments import NOW


def test_takes_the_text_that_holds() -> None:
    assert consent_to(consent.VERSION, now=NOW) == Consent(consent.VERSION, NOW)


@pytest.mark.parametrize(
    ("version", "words"), [("", "Tick the box"), ("2020-01", "has changed"), ("y", "has changed")]
)
def test_takes_nothing_else(version: str, words: str) -> None:
    with pytest.raises(ConsentMissing, match=words):
        consent_to(version, now=NOW)


@pytest.mark.parametrize("use", ["auto top-up", "renewals", "auto-pay", "withdraw"])
def test_names_everything_the_card_is_for(use: str) -> None:
    assert use in consent.TEXT
