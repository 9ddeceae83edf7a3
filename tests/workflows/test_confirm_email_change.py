"""Another mail address is confirmed at both its ends, once; and undone from the old one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import (
    deletion,
    mail_tokens,
    queries,
    security_journal,
    sessions,
    standing,
)
from app.domain.accounts.email_changes import WAITS, End
from app.domain.accounts.errors import (
    EmailChangeNotWaiting,
    EmailTaken,
    LinkInvalid,
)
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.change_email import send_email_link_again
from app.workflows.confirm_email_change import Confirmed, confirm_for_old_address
from app.workflows.reset_password import reset_password, send_reset
from app.workflows.verify_email import verify_email
from tests.factories.accounts import make_account
from tests.factories.email_changes import (
    NEW,
    OLD,
    ask,
    confirm,
    confirm_new,
    confirm_old,
    never_verified,
    undo,
)
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW
from tests.threads import in_parallel

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
CROWD = 32


def release(account: Account, reason: str = "He came to our desk.", *, email: str = NEW) -> Account:
    with transaction():
        return confirm_for_old_address(
            account, email=email, reason=reason, actor="operator:olga", seal=SEAL, now=NOW
        )


class TestConfirm:
    @pytest.mark.parametrize(
        ("first", "second", "waits_for"),
        [(confirm_new, confirm_old, OLD), (confirm_old, confirm_new, NEW)],
    )
    def test_changes_once_both_have_confirmed(
        self,
        ada: Account,
        first: Callable[[], Confirmed],
        second: Callable[[], Confirmed],
        waits_for: str,
    ) -> None:
        ask(ada)
        left = first().left
        assert left is not None and ada.email == OLD
        end = End.NEW if left.waits_for_new else End.OLD
        assert left.address(end) == waits_for
        # What was confirmed is confirmed once.
        with pytest.raises(LinkInvalid):
            first()
        assert second() == Confirmed(NEW, None)
        assert (ada.email, ada.email_verified_at) == (NEW, NOW)
        for replay in (first, second):
            with pytest.raises(LinkInvalid):
                replay()

    def test_is_in_the_journal_step_by_step(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        confirm_old()
        told = [
            (event.action, event.by, event.details["email"])
            for event in security_journal.events_of(ada)
        ]
        assert told == [
            ("email_changed", "owner", NEW),
            ("email_change_confirmed", "owner", OLD),
            ("email_change_confirmed", "visitor", NEW),
            ("email_change_asked", "owner", NEW),
        ]

    def test_tells_both_addresses_that_it_is_done(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        assert mails_to(NEW) == ["confirm_email"]
        confirm_old()
        assert mails_to(NEW) == ["confirm_email", "email_changed"]
        assert mails_to(OLD) == ["release_email", "email_left"]
        for kind in ("email_changed", "email_left"):
            facts = session.query(Mail).filter_by(kind=kind).one().facts
            assert (facts["old_email"], facts["new_email"]) == (OLD, NEW)
            assert facts["both_confirmed"] and not facts["reason"]
            assert facts["undo_until"] == (NOW + 14 * DAY).isoformat()

    def test_an_old_address_that_was_never_verified_has_no_say(self, ada: Account) -> None:
        never_verified(ada)
        ask(ada)
        assert confirm_new().left is None
        assert (ada.email, ada.email_verified_at) == (NEW, NOW)
        assert mails_to(OLD) == ["email_changing", "email_left"]
        assert not session.query(Mail).filter_by(kind="email_left").one().facts["both_confirmed"]

    def test_has_a_say_once_it_was_verified_meanwhile(self, ada: Account) -> None:
        never_verified(ada)
        ask(ada)
        with transaction():
            made = mail_tokens.make(ada, Purpose.VERIFY_EMAIL, email=OLD, now=NOW)
            verify_email(made.text, visitor=VISITOR, now=NOW)
        left = confirm_new().left
        assert left is not None and left.waits_for_old and ada.email == OLD
        with transaction():
            send_email_link_again(ada, End.OLD, seal=SEAL, visitor=VISITOR, now=NOW)
        assert confirm_old().left is None and ada.email == NEW

    def test_signs_nobody_out(self, ada: Account) -> None:
        ask(ada)
        with transaction():
            begun = sessions.begin(ada, visitor=VISITOR, now=NOW)
        confirm_new()
        confirm_old()
        assert sessions.find(begun.token, now=NOW) is not None

    @pytest.mark.parametrize("late", [confirm_new, confirm_old])
    def test_one_half_may_be_too_late(self, ada: Account, late) -> None:
        ask(ada)
        with pytest.raises(LinkInvalid):
            late(now=NOW + DAY)
        assert late(now=NOW + DAY - SECOND).left is not None

    def test_a_half_stays_confirmed_while_the_other_is_sent_again(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        with transaction():
            send_email_link_again(ada, End.OLD, seal=SEAL, visitor=VISITOR, now=NOW + 3 * DAY)
        assert confirm_old(now=NOW + 4 * DAY - SECOND).left is None

    def test_nothing_is_confirmed_after_a_week(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        at = NOW + WAITS - SECOND
        with transaction():
            send_email_link_again(ada, End.OLD, seal=SEAL, visitor=VISITOR, now=at)
        with pytest.raises(LinkInvalid):
            confirm_old(now=NOW + WAITS)
        assert confirm_old(now=at).left is None

    @pytest.mark.parametrize(
        "purpose", [Purpose.RESET_PASSWORD, Purpose.UNDO_EMAIL, Purpose.VERIFY_EMAIL]
    )
    def test_takes_no_link_of_another_purpose(self, ada: Account, purpose: Purpose) -> None:
        ask(ada)
        with transaction():
            made = mail_tokens.make(ada, purpose, email=NEW, now=NOW)
        with pytest.raises(LinkInvalid):
            confirm(made.text)

    def test_ends_what_was_sent_to_the_old_address(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        with transaction():
            send_reset(OLD, visitor=VISITOR, seal=SEAL, now=NOW)
        confirm_old()
        with pytest.raises(LinkInvalid), transaction():
            reset_password(token_in("reset_password"), "a new staple", visitor=VISITOR, now=NOW)


class TestTakenMeanwhile:
    def test_somebody_else_may_have_been_faster(self, ada: Account) -> None:
        ask(ada)
        make_account("eve", email=NEW)
        with pytest.raises(EmailTaken):
            confirm_new()
        assert ada.email == OLD

    def test_the_old_mailbox_does_not_learn_it_before_the_new_one_has_confirmed(
        self, ada: Account, ben: Account
    ) -> None:
        ask(ada, ben.email)
        assert confirm_old().left.waits_for_new
        assert mails_to(ben.email) == []

    def test_nothing_is_changed_where_it_was_taken_between_the_halves(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        make_account("eve", email=NEW)
        with pytest.raises(EmailTaken):
            confirm_old()
        session.refresh(ada)
        assert ada.email == OLD and mails_to(OLD) == ["release_email"]

    def test_somebody_else_may_do_it_at_the_same_moment(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask(ada)
        confirm_old()
        make_account("eve", email=NEW)
        # As long as hers is not committed, nobody sees it.
        monkeypatch.setattr(queries, "find_account_by_email", lambda email: None)
        with pytest.raises(EmailTaken):
            confirm_new()
        session.refresh(ada)
        assert ada.email == OLD


class TestAccountsMeanwhile:
    def test_an_erased_one_takes_no_address(self, ada: Account) -> None:
        ask(ada)
        tokens = token_in("confirm_email"), token_in("release_email", "sealed_release")
        with transaction():
            deletion.erase(ada, now=NOW)
        for token in tokens:
            with pytest.raises(LinkInvalid):
                confirm(token)

    @pytest.mark.parametrize("standing_is", ["suspended", "to be deleted"])
    def test_one_that_stands_does(self, ada: Account, standing_is: str) -> None:
        ask(ada)
        with transaction():
            if standing_is == "suspended":
                standing.suspend(ada, reason="Abuse", actor="operator:olga", now=NOW)
            else:
                deletion.ask(ada, now=NOW)
        confirm_old()
        confirm_new()
        assert ada.email == NEW


class TestForOldAddress:
    def test_changes_it_for_who_has_lost_the_old_mailbox(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        assert release(ada).email == NEW
        for to, kind in ((OLD, "email_left"), (NEW, "email_changed")):
            mail = session.query(Mail).filter_by(kind=kind).one()
            assert (mail.address, mail.facts["reason"]) == (to, "He came to our desk.")
        acts = [
            (act.action, act.details)
            for act in session.query(JournalEntry).filter_by(actor="operator:olga")
        ]
        assert acts == [
            ("email_change_confirmed", {"email": OLD, "reason": "He came to our desk."}),
            ("email_changed", {"email": NEW, "reason": "He came to our desk."}),
        ]

    def test_the_old_address_can_undo_it(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        release(ada)
        undo(token_in("email_left"))
        assert ada.email == OLD

    def test_needs_the_new_one_to_have_confirmed(self, ada: Account) -> None:
        with pytest.raises(EmailChangeNotWaiting):
            release(ada)
        ask(ada)
        with pytest.raises(EmailChangeNotWaiting, match="has to confirm first"):
            release(ada)
        never_verified(ada)
        ask(ada, now=NOW + MINUTE)
        with pytest.raises(EmailChangeNotWaiting):
            release(ada)
        assert ada.email == OLD

    def test_takes_no_other_address_than_the_one_decided_about(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        ask(ada, "thief@new.example", now=NOW + MINUTE)
        confirm_new(now=NOW + MINUTE)
        with pytest.raises(EmailChangeNotWaiting, match="Another address is wanted"):
            release(ada)
        session.refresh(ada)
        assert ada.email == OLD

    def test_ends_the_link_in_the_lost_mailbox(self, ada: Account) -> None:
        ask(ada)
        confirm_new()
        release(ada)
        with pytest.raises(LinkInvalid):
            confirm_old()


class TestAtTheSameMoment:
    def changed(self, app: Flask, tokens: list[str]) -> list[Confirmed | None]:
        def attempt(token: str) -> Confirmed | None:
            try:
                return confirm(token)
            except LinkInvalid:
                return None

        session.commit()
        return in_parallel(app, [lambda t=t: attempt(t) for t in tokens])

    def test_both_halves_change_it_once(self, app: Flask, ada: Account) -> None:
        ask(ada)
        halves = [token_in("confirm_email"), token_in("release_email", "sealed_release")]
        answers = [each for each in self.changed(app, halves * (CROWD // 2)) if each is not None]
        assert sorted(each.left is None for each in answers) == [False, True]
        session.refresh(ada)
        assert ada.email == NEW
        assert session.query(JournalEntry).filter_by(action="email_changed").count() == 1
        assert session.query(Mail).filter_by(kind="email_left").count() == 1

    def test_a_confirmation_and_another_password_do_not_wait_for_each_other(
        self, app: Flask, ada: Account
    ) -> None:
        ask(ada)
        confirm_new()
        with transaction():
            send_reset(OLD, visitor=VISITOR, seal=SEAL, now=NOW)
        reset, last = token_in("reset_password"), token_in("release_email", "sealed_release")

        def choose() -> str:
            try:
                with transaction():
                    reset_password(reset, "a new staple", visitor=VISITOR, now=NOW)
            except LinkInvalid:
                return "too late"
            return "chosen"

        def agree() -> str:
            try:
                confirm(last)
            except LinkInvalid:
                return "too late"
            return "changed"

        session.commit()
        # Whoever comes first ends what the other one came with.
        assert sorted(in_parallel(app, [choose, agree])) in (
            ["chosen", "too late"],
            ["changed", "too late"],
        )
