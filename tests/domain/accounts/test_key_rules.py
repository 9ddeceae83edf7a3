"""What a key may do and how long it works, at the moment before, at and after each boundary."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.accounts import key_rules
from app.domain.accounts.errors import KeyEnded, KeyExpiryInvalid, KeyReplacedAlready
from app.domain.accounts.key_rules import SOON, Expiry, KeyState, Overlap
from app.domain.accounts.models import Key
from tests.moments import NOW

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def key(**changes: object) -> Key:
    return Key(**{"created_at": NOW - 30 * DAY, **changes})


class TestStateOf:
    @pytest.mark.parametrize(
        ("changes", "state"),
        [
            ({}, KeyState.WORKS),
            ({"expires_at": NOW + SOON + TICK}, KeyState.WORKS),
            ({"expires_at": NOW + SOON}, KeyState.EXPIRES_SOON),
            ({"expires_at": NOW + TICK}, KeyState.EXPIRES_SOON),
            ({"expires_at": NOW}, KeyState.EXPIRED),
            ({"expires_at": NOW - TICK}, KeyState.EXPIRED),
            ({"expires_at": NOW + TICK, "replaced_by": 2}, KeyState.BEING_REPLACED),
            ({"expires_at": NOW, "replaced_by": 2}, KeyState.EXPIRED),
            ({"revoked_at": NOW}, KeyState.REVOKED),
            ({"revoked_at": NOW, "replaced_by": 2}, KeyState.REVOKED),
            ({"revoked_at": NOW - DAY, "expires_at": NOW - TICK}, KeyState.REVOKED),
        ],
    )
    def test_follows_the_clock(self, changes: dict[str, object], state: KeyState) -> None:
        found = key(**changes)
        assert key_rules.state_of(found, now=NOW) == state
        has_ended = state in (KeyState.EXPIRED, KeyState.REVOKED)
        assert key_rules.has_ended(found, now=NOW) == has_ended


class TestExpiresAt:
    @pytest.mark.parametrize(
        ("choice", "ends_at"),
        [
            (Expiry.NEVER, None),
            (Expiry.DAYS_30, NOW + 30 * DAY),
            (Expiry.DAYS_90, NOW + 90 * DAY),
            (Expiry.DAYS_365, NOW + 365 * DAY),
        ],
    )
    def test_counts_from_now(self, choice: Expiry, ends_at: datetime | None) -> None:
        assert key_rules.expires_at(choice, day=None, zone=SHANGHAI, now=NOW) == ends_at

    def test_lasts_to_the_end_of_the_owner_s_day(self) -> None:
        ends_at = key_rules.expires_at(
            Expiry.ON_A_DAY, day=date(2026, 12, 31), zone=SHANGHAI, now=NOW
        )
        assert ends_at == datetime(2026, 12, 31, 16, tzinfo=UTC)

    @pytest.mark.parametrize("day", [None, date(2040, 1, 1), date.max])
    def test_refuses_days_that_are_none(self, day: date | None) -> None:
        with pytest.raises(KeyExpiryInvalid):
            key_rules.expires_at(Expiry.ON_A_DAY, day=day, zone=SHANGHAI, now=NOW)


class TestCheckExpiry:
    @pytest.mark.parametrize("moment", [None, NOW + TICK, NOW + key_rules.LASTS_MAX])
    def test_takes_the_near_future(self, moment: datetime | None) -> None:
        key_rules.check_expiry(moment, now=NOW)

    @pytest.mark.parametrize("moment", [NOW - TICK, NOW, NOW + key_rules.LASTS_MAX + TICK])
    def test_refuses_the_past_and_nearly_for_ever(self, moment: datetime) -> None:
        with pytest.raises(KeyExpiryInvalid):
            key_rules.check_expiry(moment, now=NOW)


class TestReplacing:
    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"replaced_by": 2}, KeyReplacedAlready),
            ({"replaced_by": 2, "revoked_at": NOW}, KeyReplacedAlready),
            ({"revoked_at": NOW}, KeyEnded),
            ({"expires_at": NOW}, KeyEnded),
        ],
    )
    def test_is_refused_where_nothing_is_left_to_replace(self, changes, refusal) -> None:
        with pytest.raises(refusal):
            key_rules.check_replaceable(key(**changes), now=NOW)

    def test_is_open_to_the_last_moment(self) -> None:
        key_rules.check_replaceable(key(expires_at=NOW + TICK), now=NOW)

    @pytest.mark.parametrize(
        ("overlap", "expires_at", "ends_at"),
        [
            (Overlap.NONE, None, NOW),
            (Overlap.HOUR, None, NOW + timedelta(hours=1)),
            (Overlap.DAY, None, NOW + DAY),
            (Overlap.WEEK, None, NOW + 7 * DAY),
            (Overlap.WEEK, NOW + DAY, NOW + DAY),
            (Overlap.HOUR, NOW + DAY, NOW + timedelta(hours=1)),
        ],
    )
    def test_never_lets_the_old_one_live_longer(self, overlap, expires_at, ends_at) -> None:
        old = key(expires_at=expires_at)
        assert key_rules.end_of_replaced(old, overlap, now=NOW) == ends_at

    @pytest.mark.parametrize(
        ("ends_at", "expected"), [(None, None), (NOW + 60 * DAY, NOW + 90 * DAY)]
    )
    def test_lets_the_new_one_last_as_long(self, ends_at, expected) -> None:
        made_at = NOW - 30 * DAY
        assert key_rules.end_of_successor(ends_at, made_at=made_at, now=NOW) == expected


@pytest.mark.parametrize(
    ("last_used_at", "worth_it"),
    [
        (None, True),
        (NOW - key_rules.NOTED_EVERY, True),
        (NOW - key_rules.NOTED_EVERY + TICK, False),
        (NOW, False),
        (NOW + DAY, False),
    ],
)
def test_a_use_is_noted_once_in_a_while(last_used_at: datetime | None, worth_it: bool) -> None:
    assert key_rules.is_worth_noting(last_used_at, now=NOW) == worth_it


@pytest.mark.parametrize(("lasts", "worth_it"), [(SOON, False), (SOON + TICK, True)])
def test_who_has_just_chosen_the_end_is_not_warned(lasts: timedelta, worth_it: bool) -> None:
    assert key_rules.is_worth_a_warning(NOW, NOW + lasts) == worth_it
