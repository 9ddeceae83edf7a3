"""Why an invoice was voided or its money sent back, where nobody but we decided so. Pure.

A reason is stored in English. One of ours is known again by that, and said in the reader's
language; what an operator wrote stays as it was written.
"""

from app.foundation.sentences import say

RENEWAL_UNPAID = say("The renewal was not paid in time.")
NOTHING_LEFT = say("There was nothing left to pay")
OTHER_PLAN_RUNS = say("Another period or plan was running when the money came.")
ACCOUNT_LEAVES = say("The account was to be deleted when the money came.")
NOBODY_PAID = say("Nobody paid it.")
NO_MONEY = say("No money came.")
PAGE_REFUSED = say("The payment page was refused.")
PAGE_CLOSED = say("The payment page has closed.")
TAKEN_BACK = say("The customer took the change back.")
CREDIT_PAID_BACK = say("What its credit was for was paid back.")


def read_again(stored: str) -> str:
    """Return a stored reason as a sentence that every reader gets in his language, if it is one."""
    return say(stored) if stored else stored
