"""Another mail address: confirmed at the new one, told to the old one, and undone from there."""

from datetime import timedelta

import pytest

from app.domain.accounts import factors, mail_tokens, queries, security_journal, sessions
from app.domain.accounts.errors import (
    EmailInvalid,
    EmailTaken,
    EmailUnchanged,
    LinkInvalid,
    LinkSentLately,
)
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account, Key
from app.domain.mails.links import LINK
from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.foundation.sealing import seal_of
from app.foundation.secret_keys import KeyKind
from app.workflows.change_email import (
    SEND_CONFIRMATION,
    ask_email_change,
    confirm_email_change,
    send_confirmation,
    undo_email_change,
)
from app.workflows.reset_password import reset_password, send_reset
from tests.factories.accounts import make_account, make_key
from tests.factories.factors import make_factor
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
OLD, NEW = "ada@example.com", "ada@new.example"


def ask(account: Account, email: str = NEW, *, now=NOW) -> None:
    with transaction():
        ask_email_change(account, email, seal=SEAL, visitor=VISITOR, now=now)
    send(now=now)


def send(*, now=NOW) -> None:
    """Keep the promises to send a link, as the worker does."""
    for promise in session.query(OutboxEntry).filter_by(kind=SEND_CONFIRMATION, done_at=None):
        with transaction():
            send_confirmation(promise.payload["sealed_link"], seal=SEAL, now=now)
            outbox.finish(promise, now=now)


def confirm(token: str) -> None:
    with transaction():
        confirm_email_change(token, visitor=VISITOR, now=NOW)


def undo(token: str) -> str:
    with transaction():
        return undo_email_change(token, visitor=VISITOR, now=NOW)


class TestAsk:
    def test_tells_both_and_changes_nothing_yet(self, ada: Account) -> None:
        ask(ada, " Ada@New.Example ")
        assert mails_to(NEW) == ["confirm_email"]
        assert mails_to(OLD) == ["email_changing"]
        assert ada.email == OLD

    @pytest.mark.parametrize(
        ("email", "refusal"),
        [
            ("nowhere", EmailInvalid),
            ("ADA@example.com", EmailUnchanged),
        ],
    )
    def test_refuses_by_name(self, ada: Account, email, refusal) -> None:
        with pytest.raises(refusal):
            ask(ada, email)
        assert mails_to(email) == []

    @pytest.mark.parametrize("link_is", ["voided", "late", "sealed with another key"])
    def test_sends_no_link_that_does_nothing(self, ada: Account, link_is: str) -> None:
        with transaction():
            ask_email_change(ada, NEW, seal=SEAL, visitor=VISITOR, now=NOW)
            if link_is == "voided":
                mail_tokens.void(ada, {Purpose.CONFIRM_EMAIL}, now=NOW)
            if link_is == "sealed with another key":
                promise = session.query(OutboxEntry).filter_by(kind=SEND_CONFIRMATION).one()
                promise.payload = {"sealed_link": seal_of("x" * 32).close("link", about=LINK)}
        send(now=NOW + DAY if link_is == "late" else NOW)
        assert mails_to(NEW) == [] and mails_to(OLD) == ["email_changing"]

    def test_keeps_the_same_where_somebody_has_the_address_and_sends_no_link(
        self, ada: Account, ben: Account
    ) -> None:
        ask(ada, "ben@example.com")
        assert mail_tokens.pending_email(ada, now=NOW) == "ben@example.com"
        assert mails_to(OLD) == ["email_changing"] and mails_to("ben@example.com") == []
        with pytest.raises(LinkSentLately):
            ask(ada, NEW, now=NOW + timedelta(seconds=59))

    def test_writes_to_nobody_twice_within_a_minute(self, ada: Account) -> None:
        ask(ada)
        with pytest.raises(LinkSentLately):
            ask(ada, "third@example.com", now=NOW + timedelta(seconds=59))
        ask(ada, "third@example.com", now=NOW + MINUTE)
        # Only the latest wish can be confirmed.
        assert len(mails_to("third@example.com")) == 1


class TestConfirm:
    def test_gives_the_account_the_address_verified(self, ada: Account) -> None:
        with transaction():
            ada.email_verified_at = None
        ask(ada)
        confirm(token_in("confirm_email"))
        assert (ada.email, ada.email_verified_at) == (NEW, NOW)
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.details["email"]) == ("email_changed", NEW)

    def test_somebody_else_may_have_been_faster(self, ada: Account) -> None:
        ask(ada)
        make_account("eve", email=NEW)
        with pytest.raises(EmailTaken):
            confirm(token_in("confirm_email"))
        assert ada.email == OLD

    def test_somebody_else_may_do_it_at_the_same_moment(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask(ada)
        make_account("eve", email=NEW)
        # As long as hers is not committed, nobody sees it.
        monkeypatch.setattr(queries, "find_account_by_email", lambda email: None)
        with pytest.raises(EmailTaken):
            confirm(token_in("confirm_email"))
        session.refresh(ada)
        assert ada.email == OLD

    def test_ends_what_was_sent_to_the_old_address(self, ada: Account) -> None:
        with transaction():
            send_reset(OLD, visitor=VISITOR, seal=SEAL, now=NOW)
        ask(ada)
        confirm(token_in("confirm_email"))
        with pytest.raises(LinkInvalid), transaction():
            reset_password(token_in("reset_password"), "a new staple", visitor=VISITOR, now=NOW)


class TestUndo:
    @pytest.mark.parametrize("is_confirmed", [False, True])
    def test_brings_the_old_address_back(self, ada: Account, is_confirmed: bool) -> None:
        ask(ada)
        if is_confirmed:
            confirm(token_in("confirm_email"))
        with transaction():
            begun = sessions.begin(ada, visitor=VISITOR, now=NOW)
        next_token = undo(token_in("email_changing"))
        assert ada.email == OLD
        assert sessions.find(begun.token, now=NOW) is None
        with pytest.raises(LinkInvalid):
            confirm(token_in("confirm_email"))
        with transaction():
            reset_password(next_token, "a new staple", visitor=VISITOR, now=NOW)
        assert ada.password_hash is not None

    def test_a_factor_that_came_with_the_change_goes(self, ada: Account) -> None:
        ask(ada)
        make_factor(ada, now=NOW + 11 * MINUTE)
        undo(token_in("email_changing"))
        assert not factors.is_on(ada)

    @pytest.mark.parametrize(
        ("before", "stays"), [(14 * DAY + SECOND, True), (14 * DAY, False), (MINUTE, False)]
    )
    def test_a_factor_and_keys_of_long_before_stay(
        self, ada: Account, before: timedelta, stays: bool
    ) -> None:
        # The factory's was begun ten minutes before.
        make_factor(ada, now=NOW - before + 10 * MINUTE)
        make_key(KeyKind.CUSTOMER, user_id="ada", now=NOW - before)
        ask(ada)
        undo(token_in("email_changing"))
        assert factors.is_on(ada) == stays
        assert (session.query(Key).one().revoked_at is None) == stays

    def test_who_came_between_cannot_keep_it(self, ada: Account) -> None:
        ask(ada)
        first_undo = token_in("email_changing")
        confirm(token_in("confirm_email"))
        ask(ada, "evil@example.com", now=NOW + MINUTE)
        second_undo = token_in("email_changing")
        confirm(token_in("confirm_email"))
        undo(second_undo)
        assert ada.email == NEW
        undo(first_undo)
        session.refresh(ada)
        assert ada.email == OLD
