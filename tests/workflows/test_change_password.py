"""Another password: everybody else is signed out, and the owner is told."""

import pytest

from app.domain.accounts import operations, security_journal, sessions
from app.domain.accounts.errors import LinkInvalid, PasswordTooPopular
from app.domain.accounts.models import Account
from app.foundation.database import transaction
from app.workflows.change_password import change_password
from app.workflows.reset_password import reset_password, send_reset
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW

NEW = "another battery staple"


def begin(account: Account) -> sessions.OpenSession:
    with transaction():
        return sessions.begin(account, visitor=VISITOR, now=NOW)


def change(account: Account, opened: sessions.OpenSession, password: str = NEW):
    with transaction():
        return change_password(
            account,
            password,
            known_by=account.password_hash,
            opened=opened,
            visitor=VISITOR,
            now=NOW,
        )


def test_keeps_this_session_alone_under_another_token(ada: Account, ben: Account) -> None:
    here, there, bens = begin(ada), begin(ada), begin(ben)
    renewed = change(ada, here)
    assert operations.check_credentials(ada.email, NEW) is ada
    alive = [sessions.find(s.token, now=NOW) is not None for s in (here, there, bens, renewed)]
    assert alive == [False, False, True, True]


def test_tells_the_owner(ada: Account) -> None:
    change(ada, begin(ada))
    assert mails_to(ada.email) == ["password_changed"]
    assert security_journal.events_of(ada)[0].action == "password_changed"


def test_ends_links_that_would_change_it_again(ada: Account) -> None:
    with transaction():
        send_reset(ada.email, visitor=VISITOR, seal=SEAL, now=NOW)
    change(ada, begin(ada))
    with pytest.raises(LinkInvalid), transaction():
        reset_password(token_in("reset_password"), "a third staple", visitor=VISITOR, now=NOW)


def test_a_refused_one_changes_nothing(ada: Account) -> None:
    here, there = begin(ada), begin(ada)
    with pytest.raises(PasswordTooPopular):
        change(ada, here, "qwertyuiop")
    assert sessions.find(there.token, now=NOW) and sessions.find(here.token, now=NOW)
