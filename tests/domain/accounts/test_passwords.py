"""Password hashes: only the right password matches, and nobody's never does."""

import pytest

from app.domain.accounts import passwords

STORED = passwords.hash_password("a long password")


def test_matches_what_was_hashed() -> None:
    assert passwords.matches("a long password", STORED)


@pytest.mark.parametrize("password", ["", "a long passwor", "a long password ", "A long password"])
def test_refuses_anything_else(password: str) -> None:
    assert not passwords.matches(password, STORED)


@pytest.mark.parametrize("password", ["", "a long password"])
def test_refuses_everything_where_no_password_is_set(password: str) -> None:
    assert not passwords.matches(password, None)


def test_refuses_a_hash_of_another_kind() -> None:
    assert not passwords.matches("a long password", "5f4dcc3b5aa765d61d8327deb882cf99")


def test_never_hashes_alike() -> None:
    assert passwords.hash_password("a long password") != STORED
