"""Passwords that cost next to nothing: what a real one costs is tested where they are hashed."""

from collections.abc import Iterator
from contextlib import contextmanager

import argon2

from app.domain.accounts import passwords

AS_SERVED, NOBODY = passwords.HASHER, passwords.NOBODY
# Above the least, so that a hash of the least is still one of weaker days.
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


def hash_quickly() -> None:
    """Let every password of this process be hashed quickly."""
    _hash_with(QUICK, nobody=QUICK.hash(""))


@contextmanager
def hashing_as_served() -> Iterator[None]:
    """Hash passwords for as long as customers wait for it."""
    before = passwords.HASHER, passwords.NOBODY
    _hash_with(AS_SERVED, nobody=NOBODY)
    try:
        yield
    finally:
        _hash_with(*before)


def _hash_with(hasher: argon2.PasswordHasher, nobody: str) -> None:
    passwords.HASHER, passwords.NOBODY = hasher, nobody
