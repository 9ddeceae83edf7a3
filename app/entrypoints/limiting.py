"""How often somebody may ask: counted in memory, or in Redis where several machines share it.

The library under Flask-Limiter is asked itself: an API key is known only once it was looked up,
and of sign-ins only those that fail are to count.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import TypeVar, cast

from flask import Flask, Response, current_app, g
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter as Counter

from app.config import Settings
from app.foundation import clock
from app.foundation.errors import DomainError, Kind

LIMITER = "RATE_LIMITER"
# Where Redis is away every process counts for itself: better than nobody.
FALLBACK = "RATE_LIMITER_FALLBACK"
# A Redis that hears and says nothing holds a request up for so long, and no longer.
WAIT_SECONDS = 0.5

T = TypeVar("T")

log = logging.getLogger(__name__)


class TooManyRequests(DomainError):
    """Somebody has asked too often; it goes on after a while."""

    kind = Kind.TOO_MANY

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in so many seconds, for each of those it is counted for."""

    name: str
    times: int
    seconds: int
    message: str

    @property
    def item(self) -> RateLimitItemPerSecond:
        """Return the limit as the library knows it."""
        return RateLimitItemPerSecond(self.times, self.seconds, namespace=self.name)


# Enough for a dashboard of one's own that polls, and no harm from a loop that never ends.
API = Limit("api", 6_000, 60, "This key is used too often: 6,000 calls a minute are its limit.")


def register_limits(app: Flask, settings: Settings) -> None:
    """Let the app count, and tell programs how much is left."""
    app.extensions[LIMITER] = Counter(_storage(settings.redis_url))
    app.extensions[FALLBACK] = Counter(_Counts())
    app.after_request(_with_what_is_left)


class _Ends(dict[str, float]):
    """When counts end; one that has just ended elsewhere ends no second time.

    The library (limits 5) looks through them in a thread of its own, which broke off where a
    request had taken one out meanwhile.
    """

    def __missing__(self, key: str) -> float:
        return inf


class _Counts(MemoryStorage):
    """Counts in memory, one request after the other.

    Of two at once, each may start the thread of the library (limits 5) that the other has made, and
    the second one breaks off: it was answered with 500.
    """

    def __init__(self) -> None:
        self._one_by_one = Lock()
        super().__init__()
        self.expirations = _Ends()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count further, and return how far."""
        with self._one_by_one:
            return super().incr(key, expiry, amount)

    def decr(self, key: str, amount: int = 1) -> int:
        """Take back what was counted, and return how much is left."""
        with self._one_by_one:
            return super().decr(key, amount)


def _storage(redis_url: str) -> MemoryStorage | RedisStorage:
    if not redis_url:
        return _Counts()
    # A socket of this machine has another name in this library than in Redis's own.
    address = f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url
    # What is not wrapped would look like a bug of ours.
    return RedisStorage(
        address,
        wrap_exceptions=True,
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
    )


def spend(limit: Limit, *who: str) -> None:
    """Count one more, and raise TooManyRequests if that is too many."""
    if not is_left(limit, *who):
        raise _refusal(limit, who)


def is_left(limit: Limit, *who: str) -> bool:
    """Count one more, and tell whether it was not one too many."""
    return _ask(lambda counter: counter.hit(limit.item, *who))


@dataclass(frozen=True, slots=True)
class Trust:
    """What was counted before anybody knew whether it has to be, and until when it can be undone.

    Whoever only looks first, and counts afterwards, lets all in who come at the same moment.
    """

    limit: Limit
    who: tuple[str, ...]
    counter: Counter
    # When the window is over in which it counts.
    ends_at: float

    def give_back(self) -> None:
        """Count one less; not in the next window, where it would be one that was never counted."""
        if clock.now().timestamp() + WAIT_SECONDS < self.ends_at:
            # If Redis has gone since, it stays counted.
            with suppress(StorageError):
                self.counter.hit(self.limit.item, *self.who, cost=-1)


def spend_on_trust(limit: Limit, *who: str) -> Trust:
    """Count one more like `spend`, and return what takes that back."""
    trust = _ask(lambda counter: _trust(counter, limit, who))
    if trust is None:
        raise _refusal(limit, who)
    return trust


def _trust(counter: Counter, limit: Limit, who: tuple[str, ...]) -> Trust | None:
    storage, item = cast(SlidingWindowCounterSupport, counter.storage), limit.item
    # Looked at before: what is counted after the end of the window is not given back either.
    begun_at = clock.now().timestamp()
    *_, kept_for = storage.get_sliding_window(item.key_for(*who), limit.seconds)
    # A count is kept for as long again as its window lasts; the first one begins it.
    lasts = kept_for - limit.seconds if kept_for else limit.seconds
    return Trust(limit, who, counter, begun_at + lasts) if counter.hit(item, *who) else None


def spend_of_key(public_id: str) -> None:
    """Count a call of a key; the answer says what is left. Raises TooManyRequests."""
    g.key_spent = public_id
    spend(API, public_id)


def note(limit: Limit, *who: str) -> None:
    """Count one more, and refuse nothing."""
    _ask(lambda counter: counter.hit(limit.item, *who))


def forget(limit: Limit, *who: str) -> None:
    """Begin to count anew."""
    _ask(lambda counter: counter.clear(limit.item, *who))


def _ask(question: Callable[[Counter], T]) -> T:
    try:
        return question(cast(Counter, current_app.extensions[LIMITER]))
    except StorageError as error:
        log.warning("Redis is away, so this process counts for itself: %s", error)
        return question(cast(Counter, current_app.extensions[FALLBACK]))


def _refusal(limit: Limit, who: tuple[str, ...]) -> TooManyRequests:
    return TooManyRequests(limit.message, retry_after_seconds=_what_is_left(limit, who)[1])


def _what_is_left(limit: Limit, who: tuple[str, ...]) -> tuple[int, int]:
    """Return how many times are left, and in how many seconds all are there again."""
    stats = _ask(lambda counter: counter.get_window_stats(limit.item, *who))
    return stats.remaining, max(1, round(stats.reset_time - clock.now().timestamp()))


def _with_what_is_left(response: Response) -> Response:
    public_id = g.pop("key_spent", None)
    if public_id is not None:
        remaining, seconds = _what_is_left(API, (public_id,))
        response.headers["RateLimit-Limit"] = str(API.times)
        response.headers["RateLimit-Remaining"] = str(remaining)
        response.headers["RateLimit-Reset"] = str(seconds)
    return response
