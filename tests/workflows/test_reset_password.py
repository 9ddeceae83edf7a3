"""A forgotten password: a link to whoever has the address, once, for an hour."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations, security_journal, sessions
from app.domain.accounts.errors import LinkInvalid, PasswordTooShort
from app.domain.accounts.models import Account, Key
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.foundation.secret_keys import KeyKind
from app.workflows.reset_password import ask_for_reset, reset_password, send_reset
from tests.factories.accounts import make_key
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW
from tests.statements import statements

NEW = "another battery staple"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def send(email: str, *, now=NOW) -> None:
    with transaction():
        send_reset(email, visitor=VISITOR, seal=SEAL, now=now)


def reset(token: str, password: str = NEW, *, now=NOW) -> None:
    with transaction():
        reset_password(token, password, visitor=VISITOR, now=now)


class TestAsk:
    def test_does_the_same_whoever_is_asked_for(self, ada: Account) -> None:
        counts = []
        for email in ("ada@example.com", "nobody@example.com"):
            with statements() as sent, transaction():
                ask_for_reset(email, visitor=VISITOR, now=NOW)
            counts.append(len(sent))
        assert counts[0] == counts[1] == 1
        assert session.query(Mail).count() == 0
        assert session.query(OutboxEntry).filter_by(kind="send_password_reset").count() == 2


class TestSend:
    def test_sends_a_link_and_notes_it(self, ada: Account, ben: Account) -> None:
        send("ada@example.com")
        assert mails_to("ada@example.com") == ["reset_password"]
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.by) == ("password_reset_asked", "visitor")
        assert security_journal.events_of(ben) == []

    def test_sends_nothing_to_nobody(self, ada: Account) -> None:
        send("nobody@example.com")
        assert session.query(Mail).count() == 0

    def test_sends_nothing_twice_within_a_minute(self, ada: Account) -> None:
        for after in (0, 59, 60):
            send("ada@example.com", now=NOW + after * SECOND)
        assert session.query(Mail).count() == 2

    def test_leaves_the_owners_link_whole_whoever_asks_for_more(self, ada: Account) -> None:
        send("ada@example.com")
        hers = token_in("reset_password")
        for minute in range(1, 40):
            send("ada@example.com", now=NOW + minute * MINUTE)
        # Nobody fills her mailbox, and what fills it works.
        assert session.query(Mail).count() == 5
        reset(hers, now=NOW + 40 * MINUTE)

    def test_sends_more_once_those_are_over(self, ada: Account) -> None:
        for minute in (0, 1, 2, 3, 4, 5, 59):
            send("ada@example.com", now=NOW + minute * MINUTE)
        assert session.query(Mail).count() == 5
        send("ada@example.com", now=NOW + 60 * MINUTE)
        assert session.query(Mail).count() == 6


class TestReset:
    def test_ends_every_other_link(self, ada: Account) -> None:
        tokens = []
        for minute in range(3):
            send("ada@example.com", now=NOW + minute * MINUTE)
            tokens.append(token_in("reset_password"))
        reset(tokens[1], now=NOW + 3 * MINUTE)
        for token in (tokens[0], tokens[2]):
            with pytest.raises(LinkInvalid):
                reset(token, now=NOW + 3 * MINUTE)

    def test_sets_the_password_and_ends_every_session(self, ada: Account) -> None:
        with transaction():
            begun = sessions.begin(ada, visitor=VISITOR, now=NOW)
        send("ada@example.com")
        reset(token_in("reset_password"))
        assert operations.check_credentials("ada@example.com", NEW) is ada
        assert sessions.find(begun.token, now=NOW) is None
        assert security_journal.events_of(ada)[0].action == "password_reset"
        assert mails_to("ada@example.com") == ["reset_password", "password_changed"]

    def test_works_once_and_for_an_hour(self, ada: Account) -> None:
        send("ada@example.com")
        token = token_in("reset_password")
        with pytest.raises(LinkInvalid):
            reset(token, now=NOW + timedelta(hours=1))
        reset(token, now=NOW + timedelta(hours=1) - SECOND)
        with pytest.raises(LinkInvalid):
            reset(token)

    def test_a_refused_password_does_not_use_the_link_up(self, ada: Account) -> None:
        send("ada@example.com")
        token = token_in("reset_password")
        with pytest.raises(PasswordTooShort):
            reset(token, "short")
        reset(token)

    @pytest.mark.parametrize("is_verified", [True, False])
    def test_leaves_no_key_of_whoever_registered_an_address_that_was_not_his(
        self, ada: Account, is_verified: bool
    ) -> None:
        with transaction():
            ada.email_verified_at = NOW if is_verified else None
        make_key(KeyKind.CUSTOMER, user_id="ada", now=NOW)
        send("ada@example.com")
        reset(token_in("reset_password"))
        assert (session.query(Key).one().revoked_at is None) == is_verified

    def test_shows_that_the_address_is_read(self, ada: Account) -> None:
        with transaction():
            ada.email_verified_at = None
        send("ada@example.com")
        reset(token_in("reset_password"))
        assert ada.email_verified_at == NOW
