"""Keys as they are listed: everybody's own, those that work first."""

from datetime import timedelta

import pytest

from app.domain.accounts import key_lists
from app.domain.accounts.errors import UnknownKey
from app.domain.accounts.key_rules import KeyState
from app.domain.accounts.models import Account, Key
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.moments import NOW

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def names(views) -> list[str]:
    return [view.name for view in views]


class TestKeysOf:
    def test_tells_what_works_from_what_has_ended(self, ada: Account, ben: Account) -> None:
        for name, changes in [
            ("old", {}),
            ("gone", {"revoked_at": NOW - DAY}),
            ("ran out", {"expires_at": NOW}),
            ("new", {"expires_at": NOW + DAY, "last_used_at": NOW}),
        ]:
            make_key(KeyKind.CUSTOMER, user_id="ada", name=name, **changes)
        make_key(KeyKind.CUSTOMER, user_id="ben", name="Ben's")
        make_key(KeyKind.GATEWAY, name="main")
        found = key_lists.keys_of(ada, now=NOW)
        assert names(found.working) == ["new", "old"]
        assert names(found.ended) == ["ran out", "gone"]
        newest = found.working[0]
        assert (newest.state, newest.can_be_replaced) == (KeyState.EXPIRES_SOON, True)
        assert (newest.ends_at, newest.last_used_at) == (NOW + DAY, NOW)

    def test_goes_through_what_has_ended_page_by_page(self, ada: Account) -> None:
        for days in range(25):
            revoked_at = NOW - days * DAY
            make_key(KeyKind.CUSTOMER, user_id="ada", name=str(days), revoked_at=revoked_at)
        first = key_lists.keys_of(ada, now=NOW)
        assert names(first.ended) == [str(days) for days in range(20)]
        second, third = (key_lists.keys_of(ada, ended_page=page, now=NOW) for page in (2, 3))
        assert names(second.ended) == [str(days) for days in range(20, 25)]
        assert (names(third.ended), third.ended_count) == ([], first.ended_count)
        assert first.ended_count == 25


class TestSoleKeys:
    def test_are_seen_by_those_whose_they_are(self, ada, ben, olga) -> None:
        texts = {
            kind: make_key(kind, user_id=user_id)
            for kind, user_id in [
                (KeyKind.CUSTOMER, "ada"),
                (KeyKind.GATEWAY, None),
                (KeyKind.OPERATOR, "olga"),
            ]
        }
        ids = {KeyKind(key.kind): key.id for key in session.query(Key)}
        assert key_lists.key_of(ada, ids[KeyKind.CUSTOMER], now=NOW).user_id == "ada"
        for kind in (KeyKind.GATEWAY, KeyKind.OPERATOR):
            assert key_lists.console_key(ids[kind], now=NOW).kind == kind
        strangers = [
            lambda: key_lists.key_of(ben, ids[KeyKind.CUSTOMER], now=NOW),
            lambda: key_lists.key_of(ada, ids[KeyKind.GATEWAY], now=NOW),
            lambda: key_lists.console_key(ids[KeyKind.CUSTOMER], now=NOW),
        ]
        for look in strangers:
            with pytest.raises(UnknownKey):
                look()
        for kind, made in texts.items():
            assert key_lists.key_that_begins(made.shown_prefix, now=NOW).id == ids[kind]

    @pytest.mark.parametrize("prefix", ["", "obl_sk_", "obl_xx_00000000", "obl_sk_\x00", "é" * 15])
    def test_are_not_found_by_what_no_key_begins_with(self, ada, prefix: str) -> None:
        make_key(KeyKind.CUSTOMER, user_id="ada")
        with pytest.raises(UnknownKey):
            key_lists.key_that_begins(prefix, now=NOW)


class TestAboutToEnd:
    @pytest.mark.parametrize(
        ("changes", "is_told"),
        [
            ({}, True),
            ({"expires_at": NOW + 7 * DAY + TICK}, False),
            ({"expires_at": NOW + TICK}, True),
            ({"expires_at": NOW}, False),
            ({"expires_at": None}, False),
            ({"last_used_at": None}, False),
            ({"last_used_at": NOW - 30 * DAY}, True),
            ({"last_used_at": NOW - 30 * DAY - TICK}, False),
            ({"revoked_at": NOW}, False),
            ({"expiry_told_at": NOW}, False),
        ],
    )
    def test_finds_those_in_use(self, ada: Account, changes, is_told: bool) -> None:
        given = {"expires_at": NOW + 7 * DAY, "last_used_at": NOW - DAY, **changes}
        make_key(KeyKind.CUSTOMER, user_id="ada", **given)
        with transaction():
            assert bool(key_lists.about_to_end(now=NOW, limit=10)) == is_told

    def test_leaves_out_what_was_replaced(self, ada: Account) -> None:
        make_key(KeyKind.CUSTOMER, user_id="ada", name="new")
        new = session.query(Key).one()
        make_key(
            KeyKind.CUSTOMER,
            user_id="ada",
            replaced_by=new.id,
            expires_at=NOW + DAY,
            last_used_at=NOW,
        )
        with transaction():
            assert not key_lists.about_to_end(now=NOW, limit=10)
