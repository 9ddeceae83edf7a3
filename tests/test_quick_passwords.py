"""Passwords of tests are hashed quickly, but where a test asks for the real thing."""

import argon2

from app.domain.accounts import passwords
from tests.quick_passwords import hashing_as_served


def memory_of(stored: str) -> int:
    return argon2.extract_parameters(stored).memory_cost


def test_asks_for_the_real_thing() -> None:
    with hashing_as_served():
        assert memory_of(passwords.hash_password("x")) >= 19 * 1024
        assert memory_of(passwords.NOBODY) >= 19 * 1024
    assert memory_of(passwords.hash_password("x")) == memory_of(passwords.NOBODY) == 16


def test_tells_passwords_apart_all_the_same() -> None:
    stored = passwords.hash_password("a long password")
    assert passwords.matches("a long password", stored)
    assert not passwords.matches("another password", stored)
    assert not passwords.matches("a long password", None)
