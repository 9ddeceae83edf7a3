"""Why customers contest payments, in words; providers call the same by other codes. Pure."""

from collections.abc import Mapping

from app.foundation.sentences import Sentence, say

REASONS: Mapping[str, Sentence] = {
    "bank_cannot_process": say("the bank cannot process it"),
    "canceled_recurring_billing": say("subscription cancelled before"),
    "check_returned": say("the check was returned"),
    "credit_not_processed": say("a refund has not arrived"),
    "customer_initiated": say("the customer asked the bank for it"),
    "debit_not_authorized": say("direct debit not allowed"),
    "duplicate": say("charged twice"),
    "duplicate_transaction": say("charged twice"),
    "fraudulent": say("reported as fraud"),
    "general": say("no reason of its own"),
    "incorrect_account_details": say("wrong account details"),
    "incorrect_amount": say("wrong amount"),
    "insufficient_funds": say("not enough funds"),
    "merchandise_or_service_not_as_described": say("not as described"),
    "merchandise_or_service_not_received": say("nothing received"),
    "noncompliant": say("against the rules of the card network"),
    "other": say("another reason"),
    "payment_by_other_means": say("paid in another way"),
    "problem_with_remittance": say("something is wrong with the transfer"),
    "product_not_received": say("nothing received"),
    "product_unacceptable": say("not as described"),
    "subscription_canceled": say("subscription cancelled before"),
    "unauthorised": say("reported as fraud"),
    "unrecognized": say("charge not recognized"),
}


def in_words(code: str) -> str:
    """Return why a payment is contested, in words; a code that has none as it is."""
    return REASONS.get(code.lower(), code)


def with_code(code: str) -> str:
    """Return why a payment is contested, in words, and by the provider's own code."""
    words = REASONS.get(code.lower())
    return code if words is None else say("{words} ({code})", {"words": words, "code": code})
