"""What a customer agrees to when a card is saved, word for word, and which words those were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.payments.errors import ConsentMissing
from app.foundation.sentences import Sentence, say

# Every text that was ever agreed to stays here: saved cards name theirs by its version.
TEXTS: Mapping[str, Sentence] = {
    "2026-11": say(
        "I agree that this card is saved and may be charged without asking me each time: for "
        "auto top-up, for renewals of my plan and for invoices by auto-pay, each only as I have "
        "set them. I can withdraw this at any time by removing the card or switching them off."
    ),
}
VERSION = "2026-11"
TEXT = TEXTS[VERSION]


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody has agreed, to which text and when."""

    version: str
    given_at: datetime


def consent_to(version: str, *, now: datetime) -> Consent:
    """Return the consent to the text that was shown. Raises ConsentMissing."""
    if not version:
        raise ConsentMissing(say("Tick the box: without your consent no card can be saved."))
    if version != VERSION:
        raise ConsentMissing(
            say("This text has changed. Read it once more and tick the box again.")
        )
    return Consent(version, now)
