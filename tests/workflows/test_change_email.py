"""Another mail address is wanted: both its mailboxes are asked, and it can be taken back."""

from datetime import timedelta

import pytest

from app.domain.accounts import email_changes, mail_tokens, security_journal
from app.domain.accounts.email_changes import WAITS, End
from app.domain.accounts.errors import (
    EmailChangeNotWaiting,
    EmailInvalid,
    EmailUnchanged,
    LinkInvalid,
    LinkSentLately,
)
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.mails.links import LINK
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.foundation.sealing import seal_of
from app.workflows.change_email import (
    SEND_CONFIRMATION,
    ask_email_change,
    send_email_link_again,
    take_back_email_change,
)
from app.workflows.confirm_email_change import confirm_email_change
from app.workflows.reset_password import reset_password, send_reset
from tests.factories.email_changes import NEW, OLD, ask, send_promised
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def again(account: Account, end: End, *, now) -> str:
    with transaction():
        sent_to = send_email_link_again(account, end, seal=SEAL, visitor=VISITOR, now=now)
    send_promised(now=now)
    return sent_to


class TestAsk:
    def test_asks_both_and_changes_nothing_yet(self, ada: Account) -> None:
        change = ask(ada, " Ada@New.Example ")
        assert (change.email, change.old_email) == (NEW, OLD)
        assert mails_to(NEW) == ["confirm_email"]
        assert mails_to(OLD) == ["release_email"]
        assert ada.email == OLD
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.details["email"]) == ("email_change_asked", NEW)

    def test_says_who_asked_but_no_network_to_a_mailbox_of_strangers(self, ada: Account) -> None:
        ask(ada)
        new, old = (
            session.query(Mail).filter_by(kind=kind).one().facts
            for kind in ("confirm_email", "release_email")
        )
        for facts in (new, old):
            told = (facts["old_email"], facts["new_email"], facts["device"], facts["at"])
            assert told == (OLD, NEW, VISITOR.device, NOW.isoformat())
        assert "address" not in new and old["address"] == VISITOR.address

    def test_tells_an_old_address_that_was_never_verified_alone(self, ada: Account) -> None:
        with transaction():
            ada.email_verified_at = None
        change = ask(ada)
        assert not change.waits_for_old
        assert mails_to(OLD) == ["email_changing"]
        assert "address" not in session.query(Mail).filter_by(address=OLD).one().facts

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

    @pytest.mark.parametrize("link_is", ["voided", "late", "sealed with another key", "not waited"])
    def test_sends_no_link_that_does_nothing(self, ada: Account, link_is: str) -> None:
        with transaction():
            ask_email_change(ada, NEW, seal=SEAL, visitor=VISITOR, now=NOW)
            if link_is == "voided":
                mail_tokens.void(ada, {Purpose.CONFIRM_EMAIL}, now=NOW)
            if link_is == "sealed with another key":
                promise = session.query(OutboxEntry).filter_by(kind=SEND_CONFIRMATION).one()
                promise.payload = {"sealed_link": seal_of("x" * 32).close("link", about=LINK)}
            if link_is == "not waited":
                email_changes.take_back(ada, now=NOW)
        send_promised(now=NOW + DAY if link_is == "late" else NOW)
        assert mails_to(NEW) == [] and mails_to(OLD) == ["release_email"]

    def test_keeps_the_same_where_somebody_has_the_address_and_sends_no_link(
        self, ada: Account, ben: Account
    ) -> None:
        ask(ada, "ben@example.com")
        change = email_changes.pending(ada, now=NOW)
        assert change.email == "ben@example.com" and change.waits_for_new
        assert mails_to(OLD) == ["release_email"] and mails_to("ben@example.com") == []
        with pytest.raises(LinkSentLately):
            ask(ada, NEW, now=NOW + timedelta(seconds=59))

    def test_a_later_wish_ends_both_links_of_the_one_before(self, ada: Account) -> None:
        ask(ada)
        links = token_in("confirm_email"), token_in("release_email", "sealed_release")
        with pytest.raises(LinkSentLately):
            ask(ada, "third@example.com", now=NOW + timedelta(seconds=59))
        ask(ada, "third@example.com", now=NOW + MINUTE)
        assert len(mails_to("third@example.com")) == 1
        for token in links:
            with pytest.raises(LinkInvalid), transaction():
                confirm_email_change(token, seal=SEAL, visitor=VISITOR, now=NOW + MINUTE)


class TestAgain:
    @pytest.mark.parametrize(
        ("end", "to", "kind", "fact"),
        [
            (End.NEW, NEW, "confirm_email", "sealed_link"),
            (End.OLD, OLD, "release_email", "sealed_release"),
        ],
    )
    def test_sends_one_end_another_link(self, ada: Account, end, to, kind, fact) -> None:
        ask(ada)
        before = token_in(kind, fact)
        with pytest.raises(LinkSentLately):
            again(ada, end, now=NOW + timedelta(seconds=59))
        assert again(ada, end, now=NOW + DAY) == to
        assert mails_to(to) == [kind] * 2
        later = token_in(kind, fact)
        with pytest.raises(LinkInvalid), transaction():
            confirm_email_change(before, seal=SEAL, visitor=VISITOR, now=NOW + MINUTE)
        with transaction():
            confirm_email_change(later, seal=SEAL, visitor=VISITOR, now=NOW + DAY)
        with pytest.raises(EmailChangeNotWaiting):
            again(ada, end, now=NOW + 2 * DAY)

    @pytest.mark.parametrize("end", End)
    def test_sends_nothing_where_nothing_waits(self, ada: Account, end: End) -> None:
        with pytest.raises(EmailChangeNotWaiting):
            again(ada, end, now=NOW)
        ask(ada)
        with pytest.raises(EmailChangeNotWaiting):
            again(ada, end, now=NOW + WAITS)

    def test_never_asks_an_old_address_that_was_not_asked_before(self, ada: Account) -> None:
        with transaction():
            ada.email_verified_at = None
        ask(ada)
        with pytest.raises(EmailChangeNotWaiting):
            again(ada, End.OLD, now=NOW + MINUTE)


class TestTakeBack:
    def test_ends_both_links(self, ada: Account) -> None:
        ask(ada)
        with transaction():
            assert take_back_email_change(ada, visitor=VISITOR, now=NOW) == NEW
        for token in (token_in("confirm_email"), token_in("release_email", "sealed_release")):
            with pytest.raises(LinkInvalid), transaction():
                confirm_email_change(token, seal=SEAL, visitor=VISITOR, now=NOW)
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.details["email"]) == ("email_change_taken_back", NEW)

    def test_takes_back_nothing_twice(self, ada: Account) -> None:
        with pytest.raises(EmailChangeNotWaiting), transaction():
            take_back_email_change(ada, visitor=VISITOR, now=NOW)

    def test_another_password_takes_it_back(self, ada: Account) -> None:
        ask(ada)
        with transaction():
            send_reset(OLD, visitor=VISITOR, seal=SEAL, now=NOW)
            reset_password(token_in("reset_password"), "a new staple", visitor=VISITOR, now=NOW)
        assert email_changes.pending(ada, now=NOW) is None
        with pytest.raises(LinkInvalid), transaction():
            confirm_email_change(token_in("confirm_email"), seal=SEAL, visitor=VISITOR, now=NOW)
