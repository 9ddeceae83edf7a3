"""Verifying an address: whoever opens the link reads its mails."""

from datetime import timedelta

import pytest

from app.domain.accounts import security_journal
from app.domain.accounts.errors import LinkInvalid, LinkSentLately
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.workflows.verify_email import send_verification, verify_email
from tests.factories.mailed_links import SEAL, VISITOR, token_in
from tests.moments import NOW


@pytest.fixture
def ada(ada: Account) -> Account:
    with transaction():
        ada.email_verified_at = None
    return ada


def send(account: Account, *, now=NOW) -> None:
    with transaction():
        send_verification(account, seal=SEAL, now=now)


def verify(token: str) -> None:
    with transaction():
        verify_email(token, visitor=VISITOR, now=NOW)


def test_notes_when_and_by_whom(ada: Account) -> None:
    send(ada)
    verify(token_in("verify_email"))
    assert ada.email_verified_at == NOW
    assert [event.action for event in security_journal.events_of(ada)] == ["email_verified"]


def test_sends_nothing_twice_within_a_minute(ada: Account) -> None:
    send(ada)
    with pytest.raises(LinkSentLately):
        send(ada, now=NOW + timedelta(seconds=59))
    send(ada, now=NOW + timedelta(minutes=1))
    assert session.query(Mail).count() == 2


def test_sends_nothing_to_a_verified_address(ben: Account) -> None:
    send(ben)
    assert session.query(Mail).count() == 0


def test_verifies_no_other_address(ada: Account) -> None:
    send(ada)
    with transaction():
        ada.email = "other@example.com"
    with pytest.raises(LinkInvalid):
        verify(token_in("verify_email"))
    assert ada.email_verified_at is None
