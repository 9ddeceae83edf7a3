"""Another mail address is undone from the old one, before the change and long after it."""

from datetime import timedelta

import pytest

from app.domain.accounts import email_changes, factors, operations, passwords, sessions
from app.domain.accounts.email_changes import End
from app.domain.accounts.errors import LinkInvalid, WrongCredentials
from app.domain.accounts.models import Account, Key
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.change_email import send_email_link_again
from app.workflows.reset_password import reset_password
from tests.factories.accounts import make_key
from tests.factories.email_changes import (
    NEW,
    OLD,
    ask,
    confirm_new,
    confirm_old,
    never_verified,
    undo,
)
from tests.factories.factors import make_factor
from tests.factories.mailed_links import SEAL, VISITOR, token_in
from tests.moments import NOW

KNOWN = "a password that a thief knows"
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


class TestUndo:
    @pytest.mark.parametrize("confirmed", [(), (confirm_new,), (confirm_new, confirm_old)])
    def test_brings_the_old_address_back(self, ada: Account, confirmed) -> None:
        ask(ada)
        for each in confirmed:
            each()
        with transaction():
            begun = sessions.begin(ada, visitor=VISITOR, now=NOW)
            ada.password_hash = passwords.hash_password(KNOWN)
        next_token = undo(token_in("release_email"))
        # Whoever knew the password is not faster than the owner.
        with pytest.raises(WrongCredentials):
            operations.check_credentials(OLD, KNOWN)
        assert ada.email == OLD and email_changes.pending(ada, now=NOW) is None
        assert sessions.find(begun.token, now=NOW) is None
        for late in (confirm_new, confirm_old):
            with pytest.raises(LinkInvalid):
                late()
        with transaction():
            reset_password(next_token, "a new staple", visitor=VISITOR, now=NOW)
        assert ada.password_hash is not None

    @pytest.mark.parametrize(("after", "works"), [(14 * DAY - SECOND, True), (14 * DAY, False)])
    def test_is_possible_for_two_weeks_after_the_change(self, ada: Account, after, works) -> None:
        ask(ada)
        confirm_new()
        with transaction():
            send_email_link_again(ada, End.OLD, seal=SEAL, visitor=VISITOR, now=NOW + 6 * DAY)
        confirm_old(now=NOW + 6 * DAY)
        token, at = token_in("email_left"), NOW + 6 * DAY + after
        if works:
            undo(token, now=at)
        else:
            with pytest.raises(LinkInvalid):
                undo(token, now=at)
        assert (ada.email == OLD) is works

    def test_an_address_that_was_never_verified_can_do_it_too(self, ada: Account) -> None:
        never_verified(ada)
        ask(ada)
        confirm_new()
        undo(token_in("email_changing"))
        assert ada.email == OLD

    def test_a_factor_that_came_with_the_change_goes(self, ada: Account) -> None:
        ask(ada)
        make_factor(ada, now=NOW + 11 * MINUTE)
        undo(token_in("release_email"))
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
        undo(token_in("release_email"))
        assert factors.is_on(ada) == stays
        assert (session.query(Key).one().revoked_at is None) == stays

    @pytest.mark.parametrize("kind", ["release_email", "email_left"])
    def test_who_came_between_cannot_keep_it(self, ada: Account, kind: str) -> None:
        ask(ada)
        confirm_new()
        confirm_old()
        first_undo = token_in(kind)
        ask(ada, "evil@example.com", now=NOW + MINUTE)
        second_undo = token_in("release_email")
        confirm_new(now=NOW + MINUTE)
        confirm_old(now=NOW + MINUTE)
        last_undo = token_in("email_left")
        undo(second_undo)
        assert ada.email == NEW
        with pytest.raises(LinkInvalid):
            undo(last_undo)
        undo(first_undo)
        session.refresh(ada)
        assert ada.email == OLD
