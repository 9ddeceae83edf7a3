"""How much one account may ask and change in all, by pages and by programs.

Whoever may make as many keys as he likes is not limited by what each of them may do; and what is
changed leaves a line in the journal for years, or a kept answer, or a mail.
"""

from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit
from app.foundation.sentences import say

MINUTE, HOUR = 60, 3600
CALLS = Limit(
    "account_calls",
    12_000,
    MINUTE,
    "The keys of this account are used too often: 12,000 calls a minute are their limit.",
)
# Pages that wait ask every other second; many of them may be open.
PAGES = Limit(
    "account_pages", 1_200, MINUTE, say("You have opened many pages. Try again in a minute.")
)
CHANGES = Limit(
    "account_changes", 1_200, HOUR, say("You have changed very much. Try again in an hour.")
)
# What its owner is told of by mail each time: nobody buries one such mail under others.
TOLD = Limit("account_told", 60, HOUR, say("You have done this often. Try again in an hour."))
# What is counted beside accounts; no id of an account begins like this.
BY_PROGRAMS, OF_SESSION = " by programs", " session"


def count_call(user_id: str) -> None:
    """Count a call by any key of the account. Raises TooManyRequests."""
    limiting.spend(CALLS, user_id)


def count_change_by_program(account: Account) -> None:
    """Count a call that changes something. Raises TooManyRequests.

    Whoever has stolen a key uses up nothing that its owner needs to revoke it.
    """
    limiting.spend(CHANGES, BY_PROGRAMS, account.id)


def count_page(account: Account, *, session_id: int, is_for_safety: bool) -> None:
    """Count a page that whoever is signed in asks for. Raises TooManyRequests."""
    limiting.spend(PAGES, *_who(account, session_id if is_for_safety else None))


def count_change(account: Account, *, session_id: int, is_for_safety: bool) -> None:
    """Count a page that changes something. Raises TooManyRequests."""
    limiting.spend(CHANGES, *_who(account, session_id if is_for_safety else None))


def count_told(account: Account) -> None:
    """Count something that the account's owner is told of by mail. Raises TooManyRequests."""
    limiting.spend(TOLD, account.id)


def _who(account: Account, session_id: int | None) -> tuple[str, ...]:
    # Each session has pages of its own by which others are ended, and keys revoked: whoever has
    # stolen one uses them up for himself.
    return (account.id,) if session_id is None else (OF_SESSION, str(session_id))
