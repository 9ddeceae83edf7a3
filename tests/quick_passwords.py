"""Passwords that cost next to nothing: what a real one costs is tested where they are hashed."""

from collections.abc import Iterator
from contextlib import contextmanager

import argon2

from app.domain.accounts import passwords

AS_SERVED = passwords.HASHER
# Above the least, so that a hash of the least is still one of weaker days.
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


def hash_quickly() -> None:
    """Let every password of this process be hashed quickly."""
    _hash_with(QUICK)


@contextmanager
def hashing_as_served() -> Iterator[None]:
    """Hash passwords for as long as customers wait for it."""
    before = passwords.HASHER
    _hash_with(AS_SERVED)
    try:
        yield
    finally:
        _hash_with(before)


def _hash_with(hasher: argon2.PasswordHasher) -> None:
    passwords.HASHER = hasher
    passwords.NOBODY = hasher.hash("")
