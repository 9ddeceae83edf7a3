"""Signing in: a session, an entry in the journal, and a word about a new browser."""

from app.domain.accounts import security_journal, sessions
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.workflows.sign_in import sign_in
from tests.moments import NOW

VISITOR = Visitor("Firefox on Linux", "203.0.113.7")


def come(account: Account, device_token: str) -> sessions.OpenSession:
    with transaction():
        return sign_in(
            account,
            known_by=account.password_hash,
            by_code=False,
            visitor=VISITOR,
            device_token=device_token,
            now=NOW,
        )


def test_begins_a_session_and_notes_it(ada: Account) -> None:
    begun = come(ada, "laptop")
    assert sessions.find(begun.token, now=NOW) == (ada, begun)
    noted = security_journal.events_of(ada)
    assert [(event.action, event.by) for event in noted] == [("signed_in", "owner")]
    assert noted[0].details == {
        "device": "Firefox on Linux", "address": "203.0.113.7", "new_device": False,
    }  # fmt: skip


def test_writes_to_whoever_signs_in_about_a_new_browser(ada: Account) -> None:
    for device_token in ("laptop", "laptop", "phone", "phone"):
        come(ada, device_token)
    told = session.query(Mail).one()
    assert (told.kind, told.address) == ("new_device", ada.email)
