"""Keys made, used, replaced and revoked, on both databases."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.domain.accounts import key_rules, keys
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import (
    AttributionOutsideLimits,
    KeyEnded,
    KeyExpiryInvalid,
    KeyLimitInvalid,
    KeyNameInvalid,
    KeyReplacedAlready,
    KeyUnknown,
    TooManyKeys,
    UnknownKey,
)
from app.domain.accounts.key_rules import KeyTerms, Overlap, Scope
from app.domain.accounts.models import Account, Key
from app.foundation.database import end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
THREADS = 32


def add(kind: KeyKind = KeyKind.GATEWAY, *, user_id: str | None = None, **terms: object):
    with transaction():
        return keys.add(kind, KeyTerms(**{"name": "main", **terms}), user_id=user_id, now=NOW)


def replace(key: Key, overlap: Overlap = Overlap.DAY, *, now=NOW):
    with transaction():
        return keys.replace(key.id, overlap=overlap, now=now)


def works(text: str, *, now=NOW) -> bool:
    try:
        caller_by_text(text, now=now)
    except KeyUnknown:
        return False
    return True


@pytest.fixture
def adas_key(ada: Account) -> Key:
    make_key(KeyKind.CUSTOMER, user_id="ada", name="ci", scope="read")
    return session.query(Key).one()


class TestAdd:
    def test_keeps_the_terms(self, ada: Account, ben: Account) -> None:
        key, made = add(
            name=" main ",
            scope=Scope.READ,
            expires_at=NOW + DAY,
            limited_to=("ben", "ada", "ben"),
            attribute_to="ada",
        )
        assert (key.name, key.scope, key.expires_at) == ("main", "read", NOW + DAY)
        assert (key.limited_to, key.attributes_to) == (["ada", "ben"], "ada")
        assert works(made.text, now=NOW + DAY - TICK) and not works(made.text, now=NOW + DAY)
        whom = caller_by_text(made.text, now=NOW).attribution
        assert whom.find_fault("ada") is None
        fault = whom.find_fault("cleo")
        assert (fault.path, fault.code) == ("user_id", "account_not_allowed")

    def test_without_limits_speaks_of_everyone(self, ada: Account) -> None:
        _, made = add()
        assert caller_by_text(made.text, now=NOW).attribution.find_fault("anyone") is None

    @pytest.mark.parametrize(
        ("terms", "refusal"),
        [
            ({"name": " "}, KeyNameInvalid),
            ({"expires_at": NOW}, KeyExpiryInvalid),
            ({"limited_to": ("ada", "nobody")}, KeyLimitInvalid),
            ({"limited_to": ("olga",)}, KeyLimitInvalid),
            ({"limited_to": ("\x00",)}, KeyLimitInvalid),
            ({"limited_to": ("",)}, KeyLimitInvalid),
            ({"limited_to": tuple(f"u{n}" for n in range(101))}, KeyLimitInvalid),
            ({"limited_to": ("ada",), "attribute_to": "ben"}, AttributionOutsideLimits),
        ],
    )
    def test_refuses_what_could_not_hold(self, ada, ben, olga, terms, refusal) -> None:
        with pytest.raises(refusal):
            add(**terms)
        assert session.query(Key).count() == 0

    def test_stops_at_the_most_that_work(self, ada, ben, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 2)
        make_key(KeyKind.CUSTOMER, user_id="ada", revoked_at=NOW)
        make_key(KeyKind.CUSTOMER, user_id="ada", expires_at=NOW)
        make_key(KeyKind.CUSTOMER, user_id="ben")
        for _ in range(2):
            add(KeyKind.CUSTOMER, user_id="ada")
        with pytest.raises(TooManyKeys):
            add(KeyKind.CUSTOMER, user_id="ada")
        add(KeyKind.CUSTOMER, user_id="ben")

    def test_lets_nobody_slip_past_the_most(self, app: Flask, ada, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 3)

        def one() -> bool:
            try:
                add(KeyKind.CUSTOMER, user_id="ada")
            except TooManyKeys:
                return False
            return True

        assert sum(in_parallel(app, [one] * 8)) == 3


class TestReplace:
    @pytest.mark.parametrize("overlap", [Overlap.HOUR, Overlap.DAY, Overlap.WEEK])
    def test_stops_at_the_most_that_work_side_by_side(
        self, adas_key: Key, monkeypatch, overlap: Overlap
    ) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 2)
        _, second, _ = replace(adas_key, overlap)
        with pytest.raises(TooManyKeys):
            replace(second, overlap)
        assert session.query(Key).count() == 2
        # Where the old one ends at once there are no more than before.
        replace(second, Overlap.NONE)
        assert session.query(Key).count() == 3

    def test_lets_no_gateway_have_more_either(self, app: Flask, monkeypatch) -> None:
        monkeypatch.setattr(key_rules, "WORKING_MAX", 1)
        key, _ = add()
        with pytest.raises(TooManyKeys):
            replace(key)
        replace(key, Overlap.NONE)

    def test_hands_the_terms_on(self, ada: Account) -> None:
        key, _ = add(
            scope=Scope.READ,
            expires_at=NOW + 90 * DAY,
            limited_to=("ada",),
            attribute_to="ada",
            attribute_by=("subject",),
        )
        old, new, made = replace(key, now=NOW + 80 * DAY)
        same = ("kind", "user_id", "name", "scope", "limited_to", "attributes_to", "attributes_by")
        assert all(getattr(old, name) == getattr(new, name) for name in same)
        assert new.expires_at == NOW + 170 * DAY and new.created_at == NOW + 80 * DAY
        assert old.replaced_by == new.id and new.last_used_at is None
        assert caller_by_text(made.text, now=NOW + 80 * DAY).id == new.id

    @pytest.mark.parametrize(
        ("overlap", "lasts"),
        [
            (Overlap.NONE, timedelta()),
            (Overlap.HOUR, timedelta(hours=1)),
            (Overlap.DAY, DAY),
            (Overlap.WEEK, 7 * DAY),
        ],
    )
    def test_lets_both_work_until_the_overlap_is_over(self, ada, overlap, lasts) -> None:
        key, text = add(KeyKind.CUSTOMER, user_id="ada")
        _, _, made = replace(key, overlap)
        assert works(text.text, now=NOW + lasts - TICK) is bool(lasts)
        assert not works(text.text, now=NOW + lasts)
        assert works(made.text) and works(made.text, now=NOW + 1000 * DAY)

    def test_is_done_once(self, adas_key: Key) -> None:
        replace(adas_key)
        with pytest.raises(KeyReplacedAlready):
            replace(adas_key)

    def test_needs_a_key_that_works(self, adas_key: Key) -> None:
        with transaction():
            keys.revoke(adas_key.id, now=NOW)
        with pytest.raises(KeyEnded):
            replace(adas_key)
        with pytest.raises(UnknownKey), transaction():
            keys.replace(999, overlap=Overlap.NONE, now=NOW)


class TestRevoke:
    def test_ends_the_key_once(self, adas_key: Key) -> None:
        with transaction():
            assert keys.revoke(adas_key.id, now=NOW).id == adas_key.id
        with transaction():
            assert keys.revoke(adas_key.id, now=NOW + DAY) is None
        session.refresh(adas_key)
        assert adas_key.revoked_at == NOW

    def test_cuts_an_overlap_short(self, ada: Account) -> None:
        key, text = add(KeyKind.CUSTOMER, user_id="ada")
        replace(key, Overlap.WEEK)
        with transaction():
            keys.revoke(key.id, now=NOW + TICK)
        assert not works(text.text, now=NOW + TICK)


class TestNoteUse:
    def test_writes_once_in_a_while(self, adas_key: Key) -> None:
        for seconds, noted in [(0, 0), (299, 0), (300, 300), (301, 300)]:
            with transaction():
                keys.note_use(adas_key.id, now=NOW + timedelta(seconds=seconds))
            session.refresh(adas_key)
            assert adas_key.last_used_at == NOW + timedelta(seconds=noted)
            end_reading()

    @pytest.mark.parametrize(
        ("ended", "noted"),
        [
            ({"revoked_at": NOW}, False),
            ({"expires_at": NOW}, False),
            ({"expires_at": NOW + TICK}, True),
        ],
    )
    def test_is_no_use_of_a_key_that_has_ended(self, adas_key: Key, ended, noted: bool) -> None:
        with transaction():
            for name, moment in ended.items():
                setattr(adas_key, name, moment)
        with transaction():
            keys.note_use(adas_key.id, now=NOW)
        session.refresh(adas_key)
        assert (adas_key.last_used_at is not None) is noted

    def test_takes_one_statement(self, adas_key: Key) -> None:
        number = adas_key.id
        with transaction(), statements() as sent:
            keys.note_use(number, now=NOW)
        assert len(sent) == 1


class TestTogether:
    def test_one_key_takes_the_place_of_another(self, app: Flask, adas_key: Key) -> None:
        """However many replace it at once, and whoever revokes it meanwhile."""
        number = adas_key.id

        def rotate() -> str:
            try:
                with transaction():
                    keys.replace(number, overlap=Overlap.DAY, now=NOW)
            except (KeyReplacedAlready, KeyEnded) as refusal:
                return refusal.code
            return "replaced"

        def revoke() -> str:
            with transaction():
                return "revoked" if keys.revoke(number, now=NOW) else "ended"

        end_reading()
        came = in_parallel(app, [rotate, revoke] * (THREADS // 2))
        assert came.count("revoked") == 1
        assert came.count("replaced") <= 1
        session.expire_all()
        rows = session.scalars(select(Key).order_by(Key.id)).all()
        assert len(rows) == 1 + came.count("replaced")
        assert rows[0].revoked_at == NOW
        assert (rows[0].replaced_by is not None) == (len(rows) == 2)

    def test_many_rotations_make_one_key(self, app: Flask, adas_key: Key) -> None:
        number = adas_key.id

        def rotate() -> bool:
            try:
                with transaction():
                    keys.replace(number, overlap=Overlap.HOUR, now=NOW)
            except KeyReplacedAlready:
                return False
            return True

        end_reading()
        assert sum(in_parallel(app, [rotate] * THREADS)) == 1
        assert session.query(Key).count() == 2
