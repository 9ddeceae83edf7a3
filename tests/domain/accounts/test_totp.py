"""Codes by time: those of the standard, within a step of now, and each once."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.accounts import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 25, 12, 0, 10, tzinfo=UTC)
STEP = totp.step_at(NOW)


# RFC 6238, appendix B; the last six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_shows_the_codes_of_the_standard(seconds: int, code: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_at(SECRET, step) == code


@pytest.mark.parametrize(
    ("off", "found"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None)]
)
def test_a_clock_may_be_wrong_by_half_a_minute(off: int, found: int | None) -> None:
    code = totp.code_at(SECRET, STEP + off)
    assert totp.matching_step(SECRET, code, after=0, now=NOW) == found


def test_takes_nothing_that_is_not_later_than_the_last() -> None:
    code = totp.code_at(SECRET, STEP)
    assert totp.matching_step(SECRET, code, after=STEP - 1, now=NOW) == STEP
    assert totp.matching_step(SECRET, code, after=STEP, now=NOW) is None
    # Nor the code of the half minute before the one that was taken.
    before = totp.code_at(SECRET, STEP - 1)
    assert totp.matching_step(SECRET, before, after=STEP, now=NOW) is None
    after = totp.code_at(SECRET, STEP + 1)
    assert totp.matching_step(SECRET, after, after=STEP, now=NOW) == STEP + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800" * 6])
def test_takes_nothing_that_is_none(code: str) -> None:
    assert totp.matching_step(SECRET, code, after=0, now=NOW) is None


def test_steps_change_every_half_minute() -> None:
    start = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
    last = start + timedelta(seconds=30) - timedelta(microseconds=1)
    assert (
        totp.step_at(start) == totp.step_at(last) == totp.step_at(last + timedelta(seconds=1)) - 1
    )


def test_secrets_are_long_and_never_alike() -> None:
    drawn = {totp.new_secret() for _ in range(50)}
    assert len(drawn) == 50
    assert all(len(base64.b32decode(secret)) == 20 for secret in drawn)


def test_the_address_says_whose_secret_it_is() -> None:
    address = totp.address_for_apps(SECRET, account="a b+c@example.com", issuer="Ob & Co")
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Ob%20%26%20Co:a%20b%2Bc%40example.com"
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["Ob & Co"]}
