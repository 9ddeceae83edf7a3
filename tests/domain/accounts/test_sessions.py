"""Sessions in the store: found by their token, ended at once, and never somebody else's."""

from datetime import timedelta

import pytest

from app.domain.accounts import sessions
from app.domain.accounts.access_models import KnownDevice, SignInSession
from app.domain.accounts.devices import Visitor
from app.domain.accounts.errors import UnknownSession
from app.domain.accounts.models import Account
from app.domain.accounts.sessions import OpenSession
from app.foundation.database import session, transaction
from tests.moments import NOW
from tests.statements import statements

VISITOR = Visitor("Firefox on Linux", "203.0.113.7")
ELSEWHERE = Visitor("Firefox on Linux", "198.51.100.9")
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def begin(account: Account) -> OpenSession:
    with transaction():
        return sessions.begin(account, visitor=VISITOR, now=NOW)


class TestFind:
    def test_finds_whose_it_is(self, ada: Account, ben: Account) -> None:
        begin(ben)
        begun = begin(ada)
        assert sessions.find(begun.token, now=NOW) == (ada, begun)

    def test_takes_one_statement(self, ada: Account) -> None:
        begun = begin(ada)
        with statements() as sent:
            sessions.find(begun.token, now=NOW)
        assert len(sent) == 1

    @pytest.mark.parametrize("token", ["", "ada", "x" * 43])
    def test_finds_nobody_by_another_token(self, ada: Account, token: str) -> None:
        begin(ada)
        assert sessions.find(token, now=NOW) is None

    def test_finds_nobody_by_what_is_stored(self, ada: Account) -> None:
        begin(ada)
        assert sessions.find(session.query(SignInSession).one().digest, now=NOW) is None

    def test_ends_when_it_was_idle_for_too_long(self, ada: Account) -> None:
        begun = begin(ada)
        assert sessions.find(begun.token, now=NOW + 14 * DAY - SECOND) is not None
        assert sessions.find(begun.token, now=NOW + 14 * DAY) is None

    def test_an_operator_s_ends_after_half_a_day(self, olga: Account) -> None:
        begun = begin(olga)
        assert sessions.find(begun.token, now=NOW + DAY / 2 - SECOND) is not None
        assert sessions.find(begun.token, now=NOW + DAY / 2) is None


class TestNoteUse:
    def test_puts_the_idle_end_off(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            sessions.note_use(begun, ada, visitor=ELSEWHERE, now=NOW + DAY)
        row = session.query(SignInSession).one()
        assert (row.last_seen_at, row.address) == (NOW + DAY, "198.51.100.9")
        assert row.idle_ends_at == NOW + 15 * DAY
        assert row.ends_at == NOW + 90 * DAY

    def test_wakes_nothing_that_has_ended(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            sessions.end(begun, now=NOW)
            sessions.note_use(begun, ada, visitor=VISITOR, now=NOW + DAY)
        assert session.query(SignInSession).one().last_seen_at == NOW
        assert sessions.find(begun.token, now=NOW + DAY) is None


class TestRenew:
    def test_changes_the_token_and_says_when_the_password_was_entered(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            renewed = sessions.renew(begun, now=NOW + DAY)
        assert renewed.id == begun.id and renewed.password_entered_at == NOW + DAY
        assert sessions.find(begun.token, now=NOW + DAY) is None
        assert sessions.find(renewed.token, now=NOW + DAY) == (ada, renewed)

    def test_wakes_nothing_that_has_ended(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            sessions.end(begun, now=NOW)
        with pytest.raises(UnknownSession), transaction():
            sessions.renew(begun, now=NOW)


class TestEnd:
    def test_ends_one(self, ada: Account) -> None:
        here, there = begin(ada), begin(ada)
        with transaction():
            assert sessions.end_one(ada, there.id, now=NOW).id == there.id
        assert sessions.find(there.token, now=NOW) is None
        assert sessions.find(here.token, now=NOW) is not None
        with pytest.raises(UnknownSession), transaction():
            sessions.end_one(ada, there.id, now=NOW)

    def test_ends_nobody_else_s(self, ada: Account, ben: Account) -> None:
        bens = begin(ben)
        with pytest.raises(UnknownSession), transaction():
            sessions.end_one(ada, bens.id, now=NOW)
        assert sessions.find(bens.token, now=NOW) is not None

    def test_ends_all_but_this(self, ada: Account, ben: Account) -> None:
        here, there, bens = begin(ada), begin(ada), begin(ben)
        with transaction():
            assert sessions.end_all(ada, now=NOW, but=here) == 1
        found = [sessions.find(each.token, now=NOW) is not None for each in (here, there, bens)]
        assert found == [True, False, True]
        with transaction():
            assert sessions.end_all(ada, now=NOW) == 1
        assert sessions.find(here.token, now=NOW) is None


class TestOpenSessions:
    def test_lists_what_has_not_ended_latest_use_first(self, ada: Account, ben: Account) -> None:
        first, second, third = begin(ada), begin(ada), begin(ada)
        begin(ben)
        with transaction():
            sessions.note_use(first, ada, visitor=ELSEWHERE, now=NOW + DAY)
            sessions.end(third, now=NOW + DAY)
        listed = sessions.open_sessions(ada, now=NOW + DAY)
        assert [each.id for each in listed] == [first.id, second.id]
        assert (listed[0].address, listed[1].address) == ("198.51.100.9", "203.0.113.7")
        assert sessions.open_sessions(ada, now=NOW + 14 * DAY)[0].id == first.id

    def test_lists_them_page_by_page(self, ada: Account, ben: Account) -> None:
        first, second, third = begin(ada), begin(ada), begin(ada)
        begin(ben)
        for number, expected in ((1, [third, second]), (2, [first]), (3, [])):
            found = sessions.open_sessions_page(ada, page=number, page_size=2, now=NOW)
            assert [each.id for each in found.sessions] == [each.id for each in expected]
            assert found.total == 3


class TestNoteDevice:
    def test_tells_a_new_one_from_a_known_one(self, ada: Account, ben: Account) -> None:
        with transaction():
            told = [
                sessions.note_device(account, token, now=NOW)
                for account, token in [
                    (ada, "laptop"), (ada, "laptop"), (ada, "phone"), (ada, "phone"),
                    (ben, "laptop"), (ben, "phone"),
                ]
            ]  # fmt: skip
        assert told == [False, False, True, False, False, True]


class TestForgetOld:
    def test_keeps_what_ended_lately(self, ada: Account) -> None:
        begin(ada)
        for after, left in [(120 * DAY, 1), (120 * DAY + SECOND, 0)]:
            with transaction():
                sessions.forget_old(now=NOW + after)
            assert session.query(SignInSession).count() == left

    def test_forgets_browsers_that_have_not_come_for_a_year(self, ada: Account) -> None:
        with transaction():
            sessions.note_device(ada, "laptop", now=NOW)
        for after, left in [(366 * DAY, 1), (366 * DAY + SECOND, 0)]:
            with transaction():
                sessions.forget_old(now=NOW + after)
            assert session.query(KnownDevice).count() == left


class TestCheckOpen:
    def test_knows_the_token_of_now_alone(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            renewed = sessions.renew(begun, now=NOW)
        sessions.check_open(renewed)
        # Its owner has shown his password since: whoever has the cookie of before is not he.
        with pytest.raises(UnknownSession):
            sessions.check_open(begun)

    def test_knows_none_that_was_ended(self, ada: Account) -> None:
        begun = begin(ada)
        with transaction():
            sessions.end(begun, now=NOW)
        with pytest.raises(UnknownSession):
            sessions.check_open(begun)
