"""Password hashes: argon2id, and the same work for a mail address that nobody has."""

from threading import BoundedSemaphore

import argon2

# OWASP's least: 19 MiB and two passes; a sign-in costs about 30 ms of one core.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Whoever tries many passwords at once waits in line, instead of taking all memory and every core.
PARALLEL_MAX = 4
_places = BoundedSemaphore(PARALLEL_MAX)


def hash_password(password: str) -> str:
    """Return what is stored instead of the password."""
    with _places:
        return HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Tell whether the password is the one that was hashed."""
    try:
        with _places:
            return HASHER.verify(stored or NOBODY, password) and stored is not None
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
        return False


def is_outdated(stored: str | None) -> bool:
    """Tell whether passwords are hashed otherwise now than this one was."""
    return stored is not None and HASHER.check_needs_rehash(stored)


# An unknown address costs what a known one costs, so that the time tells nothing. It is the hash of
# a password that was thrown away: hashing one anew would cost every program's start.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$cuCjPrUlWCmCEr1LK0cNMA$"
    "ZC4gLnVnUSsAdvi2pHjozSJoIke1j/2twS0LJcqBQs4"
)
