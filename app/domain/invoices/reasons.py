"""Why an invoice was voided, credited or its money sent back, in words that can be read again.

A reason is stored as it was said first, in English. Our own are known again by that; what an
operator wrote stays as it was written. Pure.
"""

from collections.abc import Mapping

from app.foundation.sentences import Sentence, say

# By provider, whose own number of the dispute stands at the end.
LOST: Mapping[str, Sentence] = {
    "stripe": say("The payment was contested at your bank, and lost ({dispute})"),
    "paypal": say("The payment was contested at PayPal, and lost ({dispute})"),
}
RENEWAL_UNPAID = say("The renewal was not paid in time.")
NOTHING_LEFT = say("There was nothing left to pay")
OTHER_PLAN_RUNS = say("Another period or plan was running when the money came.")
NOBODY_PAID = say("Nobody paid it.")
NO_MONEY = say("No money came.")
PAGE_REFUSED = say("The payment page was refused.")
PAGE_CLOSED = say("The payment page has closed.")
TAKEN_BACK = say("The customer took the change back.")
CREDIT_PAID_BACK = say("What its credit was for was paid back.")


def lost(provider: str, provider_dispute: str) -> Sentence:
    """Return which reason stands on the credit note over a dispute that was lost."""
    return say(LOST[provider], {"dispute": provider_dispute})


def told(stored: str) -> Sentence:
    """Return a stored reason as something that is read in every language, if it is one of ours."""
    for template in LOST.values():
        before, _, after = template.partition("{dispute}")
        if stored.startswith(before) and stored.endswith(after):
            return say(template, {"dispute": stored[len(before) : -len(after)]})
    return say(stored)
