"""Idempotency keys: a repeated request gets the first answer and has no second effect.

A key is scoped to whoever sent it, whichever of his secret keys he used, and to the route. It is
claimed before the work with a lease, and the answer is stored in the work's own transaction.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    LargeBinary,
    UniqueConstraint,
    delete,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.bulk import insert_rows
from app.foundation.database import Base, session
from app.foundation.errors import DomainError, Kind
from app.foundation.sentences import say

LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(hours=48)
METHODS = ("POST", "PUT", "PATCH", "DELETE")
STILL_RUNNING = say("The first request with this Idempotency-Key is still running.")


class IdempotencyKeyReused(DomainError):
    """The same key came with another body."""


class IdempotencyKeyInUse(DomainError):
    """The first request with this key is still running."""

    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, body and the body's media type."""

    status: int
    body: bytes
    media_type: str


class IdempotencyKey(Base):
    """A request that must not happen twice."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("scope"),
        CheckConstraint("(answer_status IS NULL) = (answer_body IS NULL)", "answered_whole"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    body_digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    leased_until: Mapped[datetime]
    answer_status: Mapped[int | None]
    answer_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    answer_media_type: Mapped[str | None]


def claim(
    scope: str, *, body: bytes, now: datetime, query: bytes = b"", scope_before: str | None = None
) -> Answer | None:
    """Claim the key and return None, or return the answer that was given before.

    An answer that is still kept under the scope of before holds, too. Raises IdempotencyKeyReused
    or IdempotencyKeyInUse.
    """
    # No JSON begins like this: without a query the digest is the body's own.
    digest = hashlib.sha256(b"?%b\n%b" % (query, body) if query else body).hexdigest()
    before = _find_locked(scope_before) if scope_before and scope_before != scope else None
    if before is not None and (before.answer_status is not None or before.leased_until > now):
        return _answered(before, digest, now=now)
    claimed = {
        "scope": scope,
        "body_digest": digest,
        "created_at": now,
        "leased_until": now + LEASE,
    }
    if insert_rows(IdempotencyKey, [claimed], unless_known="scope"):
        return None
    known = _find_locked(scope)
    if known is None:
        # It was released this very moment: whoever claims it next may run.
        raise IdempotencyKeyInUse(STILL_RUNNING)
    return _answered(known, digest, now=now)


def keep(scope: str, answer: Answer) -> None:
    """Store the answer, in the transaction of the effect it speaks of."""
    known = _find_locked(scope)
    assert known is not None, "an answer without a claim"
    known.answer_status = answer.status
    known.answer_body = answer.body
    known.answer_media_type = answer.media_type


def release(scope: str) -> None:
    """Forget an unanswered claim, so that the request may be tried again."""
    unanswered = IdempotencyKey.answer_status.is_(None)
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.scope == scope, unanswered))


def holder_of(user_id: str) -> str:
    """Return under which name the keys of an account are kept: all of its secret keys share it."""
    return f"account:{user_id}"


def forget_answers(holder: str) -> None:
    """Delete what somebody was answered: the holder of an account, or a secret key by itself."""
    # An account's id may hold spaces, and another's begin like it; no id holds a slash.
    _forget(
        *(
            IdempotencyKey.scope.startswith(f"{holder} {method} /", autoescape=True)
            for method in METHODS
        )
    )


def forget_answers_naming(id: str) -> None:
    """Delete what anybody was answered at an address that names this id."""
    named = quote(id, errors="replace")
    _forget(
        IdempotencyKey.scope.contains(f"/{named} ", autoescape=True),
        IdempotencyKey.scope.contains(f"/{named}/", autoescape=True),
    )


def forget_old(*, now: datetime) -> None:
    """Delete the keys that have been kept long enough."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT_FOR))


def _forget(*which: ColumnElement[bool]) -> None:
    # What still runs is refused, and lets go of its claim by itself.
    answered = IdempotencyKey.answer_status.is_not(None)
    session.execute(delete(IdempotencyKey).where(or_(*which), answered))


def _answered(known: IdempotencyKey, digest: str, *, now: datetime) -> Answer | None:
    """Return what was answered; None where whoever asks may try himself."""
    if known.body_digest != digest:
        raise IdempotencyKeyReused(say("This Idempotency-Key was used with another request body."))
    if known.answer_status is None and known.leased_until > now:
        raise IdempotencyKeyInUse(STILL_RUNNING)
    if known.answer_status is None:
        # Whoever held the lease died with his transaction: nothing happened, so we may try.
        known.leased_until = now + LEASE
        return None
    return Answer(known.answer_status, known.answer_body or b"", known.answer_media_type or "")


def _find_locked(scope: str) -> IdempotencyKey | None:
    statement = select(IdempotencyKey).where(IdempotencyKey.scope == scope)
    refreshed = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(refreshed).one_or_none()
