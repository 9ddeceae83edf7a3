"""Password hashes: only the right password matches, and nobody's never does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import argon2
import pytest

from app.domain.accounts import passwords
from tests.quick_passwords import hashing_as_served

with hashing_as_served():
    STORED = passwords.hash_password("a long password")


@pytest.fixture(autouse=True, scope="module")
def as_served() -> Iterator[None]:
    with hashing_as_served():
        yield


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


def test_takes_as_much_as_is_advised() -> None:
    parameters = argon2.extract_parameters(STORED)
    assert parameters.type is argon2.Type.ID
    assert parameters.memory_cost >= 19 * 1024 and parameters.time_cost >= 2


def test_takes_as_much_for_nobody() -> None:
    assert argon2.extract_parameters(passwords.NOBODY) == argon2.extract_parameters(STORED)


@pytest.mark.parametrize(
    ("stored", "is_outdated"),
    [
        (STORED, False),
        (None, False),
        (argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"), True),
    ],
    # A hash is another each time, and both workers have to find the same tests.
    ids=["of_today", "none", "weaker"],
)
def test_knows_hashes_of_weaker_days(stored: str | None, is_outdated: bool) -> None:
    assert passwords.is_outdated(stored) is is_outdated


def test_hashes_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, running, most = Lock(), 0, 0

    class Slow:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            real = hasher.hash(password)
            with lock:
                running -= 1
            return real

    hasher = passwords.HASHER
    monkeypatch.setattr(passwords, "HASHER", Slow())
    with ThreadPoolExecutor(4 * passwords.PARALLEL_MAX) as pool:
        list(pool.map(passwords.hash_password, ["x"] * 4 * passwords.PARALLEL_MAX))
    assert 1 < most <= passwords.PARALLEL_MAX
