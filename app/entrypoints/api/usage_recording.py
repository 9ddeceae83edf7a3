"""From what was read of a post to what became of it, whatever format it came in."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import cast

from flask import current_app, g
from flask.sansio.app import App

from app.domain.accounts.callers import Caller
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.entrypoints.api.auth import looking_at
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import end_reading, is_in_transaction, transaction
from app.foundation.direct import in_one_go
from app.foundation.impatience import letting_others_first, wait_at_most
from app.foundation.planning import plan_by_keys
from app.foundation.together import Together
from app.workflows.record_usage import record_usage

# A report, or what has become of it already.
Reading = UsageReport | Outcome
# The wire format that is our own, beside those of others.
NATIVE = "native"
# Under this name the app knows who records together what is posted at the same moment.
POSTS = "POSTS_OF_USAGE"
# As many as the largest batch: no group takes longer than one post may.
TOGETHER_MAX = 1_000
# Whoever holds an account longer than this holds up the posts of that account, and no others.
LOCKED_MAX_MS = 1_000


@dataclass(frozen=True, slots=True)
class Post:
    """The reports of one post, when it arrived, and by whose key."""

    reports: Sequence[UsageReport]
    arrived_at: datetime
    caller: Caller


def register_posts(app: App, *, together_max: int = TOGETHER_MAX, leaders_max: int = 1) -> None:
    """Let the app record together what is posted at the same moment, so many at a time."""
    app.extensions[POSTS] = Together(
        _record_together,
        weight_max=together_max,
        leaders_max=leaders_max,
        alone=_record_alone,
    )


def recorded(readings: Sequence[Reading], *, wire: str = NATIVE) -> list[Outcome]:
    """Record the reports, pass on what was decided before, and keep the order.

    In a transaction it is part of that, else it is permanent once this returns.
    """
    if g.attribution.accounts:
        readings = [_within_limits(reading) for reading in readings]
    reports = [reading for reading in readings if isinstance(reading, UsageReport)]
    decided = iter(_recorded(Post(reports, clock.now(), g.key)))
    outcomes = [r if isinstance(r, Outcome) else next(decided) for r in readings]
    # Counted once the request is answered: before the commit it may all be undone.
    g.usage_seen = (wire, Counter(outcome.status for outcome in outcomes))
    return outcomes


def _recorded(post: Post) -> Sequence[Outcome]:
    if not post.reports:
        return []
    if is_in_transaction():
        return record_usage(post.reports, now=post.arrived_at, grace=renewal_grace())
    # Whoever waits for others holds no connection meanwhile.
    end_reading()
    # Whoever leads looks at the callers of all.
    g.has_looked_at_caller = True
    posts = cast("Together[Post, Sequence[Outcome]]", current_app.extensions[POSTS])
    return posts.do(post, weight=len(post.reports))


def _record_together(posts: Sequence[Post]) -> list[Sequence[Outcome]]:
    """Record several posts in one transaction; what repeats an earlier one is a duplicate of it."""
    with transaction(), letting_others_first(), _beginning(posts):
        wait_at_most(LOCKED_MAX_MS)
        outcomes = iter(
            record_usage(
                list(chain.from_iterable(post.reports for post in posts)),
                now=max(post.arrived_at for post in posts),
                grace=renewal_grace(),
                arrived_at=[post.arrived_at for post in posts for _ in post.reports],
            )
        )
    return [[next(outcomes) for _ in post.reports] for post in posts]


def _record_alone(post: Post) -> Sequence[Outcome]:
    """Record one post in a transaction of its own, which waits as long as it must."""
    with transaction(), _beginning([post]):
        return record_usage(post.reports, now=post.arrived_at, grace=renewal_grace())


@contextmanager
def _beginning(posts: Sequence[Post]) -> Iterator[None]:
    """Look at the callers first, with what is asked inside."""
    now = max(post.arrived_at for post in posts)
    with in_one_go():
        plan_by_keys()
        with looking_at([post.caller for post in posts], now=now):
            yield


def _within_limits(reading: Reading) -> Reading:
    """Return the report, or its refusal if the key may not speak of its account."""
    fault = None
    if isinstance(reading, UsageReport):
        fault = g.attribution.find_fault(reading.user_id)
    if fault is None:
        return reading
    return Outcome(
        request_id=reading.request_id,
        status=OutcomeStatus.REJECTED,
        code=fault.code,
        detail=fault.detail,
        faults=(fault,),
    )
