"""How often one may try: passwords, codes, accounts and links by mail.

Whoever tries pays for it, and not the account's owner: his own browser is never kept out by what
others try, and every limit is over after a while.
"""

from dataclasses import dataclass

from app.domain.accounts import sessions
from app.domain.accounts.devices import digest_of
from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit, TooManyRequests, Trust
from app.entrypoints.peers import network_asking
from app.entrypoints.web.signing_in import open_session
from app.entrypoints.web.visitors import device_sent
from app.foundation.sentences import say

QUARTER, HOUR = 900, 3600
OF_ACCOUNT_HERE = Limit(
    "sign_in_here",
    10,
    QUARTER,
    say("Too many tries. Wait a quarter of an hour, or choose a new password by mail."),
)
OF_ACCOUNT = Limit(
    "sign_in", 100, HOUR, say("Too many tries of this account. Try again in an hour.")
)
FAILED_HERE = Limit(
    "failed_here",
    100,
    QUARTER,
    say(
        "Too many tries from your network. Wait a quarter of an hour,"
        " or choose a new password by mail."
    ),
)
PASSWORDS = Limit(
    "password",
    10,
    QUARTER,
    say("Too many wrong passwords. Wait a quarter of an hour, or choose a new password by mail."),
)
CODES_HERE = Limit(
    "code_here", 10, QUARTER, say("Too many wrong codes. Wait a quarter of an hour.")
)
CODES = Limit("code", 50, HOUR, say("Too many wrong codes for this account. Try again in an hour."))
PAPERS = Limit("recovery_codes", 10, QUARTER, say("Too many tries. Wait a quarter of an hour."))
DATA = Limit("own_data", 10, HOUR, say("You have downloaded it often. Try again in an hour."))
ACCOUNTS = Limit("register", 100, HOUR, say("Too many accounts from your network. Wait an hour."))
LINKS = Limit("forgot", 30, HOUR, say("Too many requests from your network. Wait an hour."))
ADDRESSES = Limit(
    "email_change", 5, HOUR, say("You have asked for other addresses often. Try again in an hour.")
)
EMAIL_LINKS = Limit(
    "email_links", 10, HOUR, say("You have had these mails sent often. Try again in an hour.")
)
# What is counted beside accounts; no id of an account begins like this.
OWN_BROWSERS, OF_SESSION = " own browsers", " session"


@dataclass(frozen=True, slots=True)
class SignInTry:
    """A try that is counted, and may prove to be the owner's."""

    email: str
    # What counts for the network he comes from; nothing in his own browser, counted by itself.
    here: Trust | None


def try_to_sign_in(email: str) -> SignInTry:
    """Count a try before the password is looked at. Raises TooManyRequests.

    Of a network only the failures are to count: what succeeds is given back.
    """
    known_by = email.strip().lower()
    own_browser = _own_browser(known_by)
    if own_browser:
        limiting.spend(OF_ACCOUNT_HERE, known_by, own_browser)
        return SignInTry(known_by, None)
    here = limiting.spend_on_trust(FAILED_HERE, network_asking())
    try:
        limiting.spend(OF_ACCOUNT_HERE, known_by, network_asking())
        limiting.spend(OF_ACCOUNT, known_by)
    except TooManyRequests:
        # No password was looked at.
        here.give_back()
        raise
    return SignInTry(known_by, here)


def has_known_password(tried: SignInTry) -> None:
    """Take the try for the owner's."""
    if tried.here is not None:
        tried.here.give_back()
    has_signed_in(tried.email)


def has_failed_to_sign_in(tried: SignInTry) -> None:
    """Leave the failure counted for the network it came from, whichever account was tried."""
    if tried.here is None:
        limiting.note(FAILED_HERE, network_asking())


def has_signed_in(email: str) -> None:
    """Begin to count anew: the owner is there."""
    known_by = email.strip().lower()
    for place in _places(known_by):
        limiting.forget(OF_ACCOUNT_HERE, known_by, place)
    limiting.forget(OF_ACCOUNT, known_by)


def try_password(account: Account) -> None:
    """Count a try of one's own password. Raises TooManyRequests.

    Who has stolen a session may take it to many networks; its owner may sign in to another one.
    """
    limiting.spend(PASSWORDS, OF_SESSION, str(open_session().id))
    limiting.spend(PASSWORDS, account.id, network_asking())


def has_right_password(account: Account) -> None:
    """Begin to count anew."""
    limiting.forget(PASSWORDS, OF_SESSION, str(open_session().id))
    limiting.forget(PASSWORDS, account.id, network_asking())


def try_code(account: Account) -> None:
    """Count a code of a second factor. Raises TooManyRequests.

    Whoever reads the account's mails makes any browser its own, by another password each: all of
    these together have as many tries as all others, which use up none of theirs.
    """
    own_browser = _own_browser(account.email)
    limiting.spend(CODES_HERE, account.id, own_browser or network_asking())
    limiting.spend(CODES, account.id, OWN_BROWSERS if own_browser else "")


def has_right_code(account: Account) -> None:
    """Begin to count anew."""
    for place in _places(account.email):
        limiting.forget(CODES_HERE, account.id, place)
    limiting.forget(CODES, account.id, "")
    limiting.forget(CODES, account.id, OWN_BROWSERS)


def draw_recovery_codes(account: Account) -> None:
    """Count a set of codes, each of which takes long to hash. Raises TooManyRequests."""
    limiting.spend(PAPERS, account.id)


def take_belongings(account: Account) -> None:
    """Count a download of all that is somebody's own. Raises TooManyRequests."""
    limiting.spend(DATA, account.id)


def open_another_account() -> None:
    """Count an account that is about to be opened. Raises TooManyRequests."""
    limiting.spend(ACCOUNTS, network_asking())


def ask_for_link() -> None:
    """Count a link that is about to be mailed. Raises TooManyRequests."""
    limiting.spend(LINKS, network_asking())


def ask_for_address(account: Account) -> None:
    """Count a mail address that an account wants to have. Raises TooManyRequests."""
    limiting.spend(ADDRESSES, account.id)


def ask_for_email_link(account: Account) -> None:
    """Count a mail that is sent once more to an end of a change. Raises TooManyRequests."""
    limiting.spend(EMAIL_LINKS, account.id)


def _own_browser(email: str) -> str:
    """Return how the owner's own browser is counted by itself; nothing for any other.

    One that has signed the account in before is its owner's: whatever others try, also from the
    network that he shares with them, it has tries of its own.
    """
    device = device_sent()
    return digest_of(device) if sessions.knows_device(email, device) else ""


def _places(email: str) -> set[str]:
    return {network_asking(), _own_browser(email) or network_asking()}
