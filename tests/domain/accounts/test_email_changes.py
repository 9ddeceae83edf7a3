"""Another mail address: what is waited for, in either order, and for how long."""

from datetime import timedelta

import pytest

from app.domain.accounts import email_changes, mail_tokens
from app.domain.accounts.access_models import EmailChange
from app.domain.accounts.email_changes import ENDS, LINKS, WAITS, End, PendingChange
from app.domain.accounts.errors import EmailChangeNotWaiting, LinkInvalid
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from tests.moments import NOW

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
NEW = "ada@new.example"


def begin(account: Account, email: str = NEW, *, now=NOW) -> PendingChange:
    with transaction():
        return email_changes.begin(account, email, now=now)


def confirm(account: Account, end: End, *, now=NOW) -> PendingChange | None:
    with transaction():
        change = email_changes.waiting_for(account, end, now=now)
        return email_changes.confirm(account, change, end, now=now)


@pytest.mark.parametrize(("first", "second"), [(End.NEW, End.OLD), (End.OLD, End.NEW)])
def test_waits_for_both_in_either_order(ada: Account, first: End, second: End) -> None:
    change = begin(ada)
    assert (change.address(End.NEW), change.address(End.OLD)) == (NEW, "ada@example.com")
    assert change.waits_for_new and change.waits_for_old
    left = confirm(ada, first)
    assert left is not None and left == email_changes.pending(ada, now=NOW)
    assert (left.waits_for(first), left.waits_for(second)) == (False, True)
    with pytest.raises(EmailChangeNotWaiting):
        confirm(ada, first)
    assert confirm(ada, second) is None
    assert email_changes.pending(ada, now=NOW) is None


def test_does_not_ask_an_address_that_nobody_has_verified(ada: Account) -> None:
    with transaction():
        ada.email_verified_at = None
    change = begin(ada)
    assert change.waits_for_new and not change.waits_for_old
    with pytest.raises(EmailChangeNotWaiting):
        confirm(ada, End.OLD)
    assert confirm(ada, End.NEW) is None


@pytest.mark.parametrize(("after", "waits"), [(WAITS - SECOND, True), (WAITS, False)])
def test_waits_for_a_week(ada: Account, ben: Account, after: timedelta, waits: bool) -> None:
    begin(ada)
    assert (email_changes.pending(ada, now=NOW + after) is not None) is waits
    assert email_changes.pending(ben, now=NOW) is None


@pytest.mark.parametrize("end", End)
def test_a_later_wish_takes_the_place_of_the_one_before(ada: Account, end: End) -> None:
    change = begin(ada)
    with transaction():
        made = email_changes.make_link(ada, change, end, now=NOW)
    confirm(ada, End.NEW)
    later = begin(ada, "third@example.com")
    assert later.waits_for_new and later.email == "third@example.com"
    with pytest.raises(LinkInvalid):
        mail_tokens.find(made.text, set(ENDS), now=NOW)


def test_a_link_ends_with_what_it_is_about(ada: Account) -> None:
    change = begin(ada)
    for at, ends in ((NOW, NOW + DAY), (NOW + WAITS - SECOND, NOW + WAITS)):
        with transaction():
            made = email_changes.make_link(ada, change, End.OLD, now=at)
        assert made.expires_at == ends


def test_a_link_confirms_only_what_it_was_made_for(ada: Account) -> None:
    change = begin(ada)
    with transaction():
        made = email_changes.make_link(ada, change, End.OLD, now=NOW)
        link = mail_tokens.find(made.text, {LINKS[End.OLD]}, now=NOW)
        assert email_changes.waiting_for_link(ada, link, now=NOW) == change
        # As a link of an earlier version, which nothing waits for.
        session.query(EmailChange).update({"email": "other@example.com"})
    with pytest.raises(LinkInvalid):
        email_changes.waiting_for_link(ada, link, now=NOW)


def test_is_taken_back(ada: Account) -> None:
    change = begin(ada)
    with transaction():
        made = email_changes.make_link(ada, change, End.NEW, now=NOW)
        assert email_changes.take_back(ada, now=NOW) == NEW
        assert email_changes.take_back(ada, now=NOW) is None
    with pytest.raises(LinkInvalid):
        mail_tokens.find(made.text, set(ENDS), now=NOW)


@pytest.mark.parametrize(("after", "left"), [(DAY, 1), (DAY + SECOND, 0)])
def test_forgets_what_was_waited_for_long_ago(ada: Account, after, left) -> None:
    begin(ada)
    with transaction():
        email_changes.forget_old(now=NOW + WAITS + after, kept=DAY)
    assert session.query(EmailChange).count() == left
