"""Password hashes: argon2id, and the same work for a mail address that nobody has."""

import argon2

# OWASP's least: 19 MiB and two passes; a sign-in costs about 30 ms of one core.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return what is stored instead of the password."""
    return HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Tell whether the password is the one that was hashed."""
    try:
        return HASHER.verify(stored or NOBODY, password) and stored is not None
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
        return False


# An unknown address costs what a known one costs, so that the time tells nothing.
NOBODY = HASHER.hash("")
