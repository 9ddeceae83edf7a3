"""Sessions: who is signed in, with which browser, until when. The store decides, not the cookie."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update

from app.domain.accounts import rules, session_rules
from app.domain.accounts.access_models import KnownDevice, SecondFactor, SignInSession
from app.domain.accounts.devices import Visitor, digest_of
from app.domain.accounts.errors import UnknownSession
from app.domain.accounts.models import Account
from app.foundation.bulk import insert_rows
from app.foundation.database import session
from app.foundation.sentences import say

TOKEN_BYTES = 32
# Long enough to ask what an old entry of the journal was about.
KEPT_AFTER_THE_END = timedelta(days=30)

# A browser forgets its cookie after a year.
DEVICE_KEPT = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has not ended; `token` is what the browser holds."""

    id: int
    token: str
    ends_at: datetime
    last_seen_at: datetime
    password_entered_at: datetime
    # Whether its owner is asked for a code at sign-in; it is only looked up where it is found.
    has_factor: bool = False


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as its owner sees it in a list."""

    id: int
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """A page of where somebody is signed in, and in how many browsers in all."""

    sessions: Sequence[ListedSession]
    total: int


def begin(account: Account, *, visitor: Visitor, now: datetime) -> OpenSession:
    """Begin a session of somebody who has just proved who he is."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ends_at = session_rules.absolute_end(account.role, now=now)
    begun = SignInSession(
        user_id=account.id,
        digest=digest_of(token),
        created_at=now,
        last_seen_at=now,
        idle_ends_at=session_rules.idle_end(account.role, ends_at=ends_at, now=now),
        ends_at=ends_at,
        password_entered_at=now,
        device=str(visitor.device),
        address=visitor.address,
    )
    session.add(begun)
    session.flush()
    return _opened(begun, token)


def find(token: str, *, now: datetime) -> tuple[Account, OpenSession] | None:
    """Return whose session this is, if it has not ended."""
    factor = SecondFactor.user_id == Account.id, SecondFactor.confirmed_at.is_not(None)
    statement = (
        select(SignInSession, Account, exists().where(*factor).label("has_factor"))
        .join(Account, Account.id == SignInSession.user_id)
        .where(SignInSession.digest == digest_of(token), *_is_open(now))
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        return None
    opened = _opened(found.SignInSession, token)
    return found.Account, replace(opened, has_factor=found.has_factor)


def note_use(opened: OpenSession, account: Account, *, visitor: Visitor, now: datetime) -> None:
    """Note that a session is used, and put its idle end off."""
    idle_ends_at = session_rules.idle_end(account.role, ends_at=opened.ends_at, now=now)
    # In one statement: a session that is ended at the same time stays ended.
    session.execute(
        update(SignInSession)
        .where(SignInSession.id == opened.id, *_is_open(now))
        .values(last_seen_at=now, idle_ends_at=idle_ends_at, address=visitor.address)
    )


def renew(opened: OpenSession, *, now: datetime) -> OpenSession:
    """Give a session whose password was entered again another token. Raises UnknownSession."""
    row = session.get(SignInSession, opened.id, with_for_update=True, populate_existing=True)
    if row is None or row.ended_at is not None:
        raise UnknownSession(say("This session has ended."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row.digest = digest_of(token)
    row.password_entered_at = now
    return _opened(row, token)


def check_open(opened: OpenSession) -> None:
    """Make sure that nobody has ended the session since it was found. Raises UnknownSession.

    Nor may it go on under another token: its owner has shown his password since, in a browser
    that is not the one which asks.
    """
    same = SignInSession.id == opened.id, SignInSession.digest == digest_of(opened.token)
    open_now = select(SignInSession.id).where(*same, SignInSession.ended_at.is_(None))
    if session.scalar(open_now) is None:
        raise UnknownSession(say("This session has ended."))


def end(opened: OpenSession, *, now: datetime) -> None:
    """End the session, from this moment on."""
    _end(SignInSession.id == opened.id, now=now)


def end_one(account: Account, session_id: int, *, now: datetime) -> ListedSession:
    """End one of the account's sessions and return what it was. Raises UnknownSession."""
    mine = SignInSession.id == session_id, SignInSession.user_id == account.id
    row = session.scalar(select(SignInSession).where(*mine, *_is_open(now)))
    if row is None:
        raise UnknownSession(say("This session has ended already."))
    _end(SignInSession.id == row.id, now=now)
    return _listed(row)


def end_all(account: Account, *, now: datetime, but: OpenSession | None = None) -> int:
    """End the account's sessions, but for this one, and return how many those were."""
    mine = SignInSession.user_id == account.id
    return _end(mine if but is None else mine & (SignInSession.id != but.id), now=now)


def open_sessions(account: Account, *, now: datetime) -> Sequence[ListedSession]:
    """Return where the account is signed in, latest use first."""
    return [_listed(row) for row in session.scalars(_latest_first(account, now=now))]


def open_sessions_page(
    account: Account, *, page: int, page_size: int, now: datetime
) -> SessionsPage:
    """Return a page of where the account is signed in, latest use first."""
    mine = SignInSession.user_id == account.id, *_is_open(now)
    counted = select(func.count()).where(*mine)
    latest = _latest_first(account, now=now).add_columns(counted.scalar_subquery())
    rows = session.execute(latest.limit(page_size).offset((page - 1) * page_size)).all()
    # A page beyond the last one has no row that could tell how many there are.
    total = rows[0][1] if rows else session.scalars(counted).one()
    return SessionsPage([_listed(row) for row, _ in rows], total)


def note_device(account: Account, device_token: str, *, now: datetime) -> bool:
    """Remember the browser, and tell whether it is a new one beside others that are known."""
    digest = digest_of(device_token)
    known = set(
        session.scalars(select(KnownDevice.digest).where(KnownDevice.user_id == account.id))
    )
    if digest in known:
        this = (KnownDevice.user_id == account.id, KnownDevice.digest == digest)
        session.execute(update(KnownDevice).where(*this).values(last_seen_at=now))
        return False
    device = {"user_id": account.id, "digest": digest, "first_seen_at": now, "last_seen_at": now}
    insert_rows(KnownDevice, [device])
    # Whoever comes for the first time has nothing that this one could be new beside.
    return bool(known)


def knows_device(email: str, device_token: str) -> bool:
    """Tell whether the browser has signed the account of that address in before."""
    if not device_token or rules.UNSTORABLE.search(email):
        return False
    # One statement, whether anybody has the address or not: the time tells nothing.
    theirs = select(KnownDevice.id).join(Account, Account.id == KnownDevice.user_id)
    this = (Account.email == email, KnownDevice.digest == digest_of(device_token))
    return session.scalar(theirs.where(*this)) is not None


def forget_old(*, now: datetime, kept: timedelta = KEPT_AFTER_THE_END) -> None:
    """Delete sessions that ended long ago, and devices that have not come for long."""
    long_over = SignInSession.ends_at < now - kept
    session.execute(delete(SignInSession).where(long_over))
    long_away = KnownDevice.last_seen_at < now - DEVICE_KEPT
    session.execute(delete(KnownDevice).where(long_away))


def _latest_first(account: Account, *, now: datetime) -> Select[SignInSession]:
    mine = select(SignInSession).where(SignInSession.user_id == account.id, *_is_open(now))
    return mine.order_by(SignInSession.last_seen_at.desc(), SignInSession.id.desc())


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    ends = SignInSession.ends_at > now, SignInSession.idle_ends_at > now
    return SignInSession.ended_at.is_(None), *ends


def _end(which: ColumnElement[bool], *, now: datetime) -> int:
    ended = update(SignInSession).where(which, *_is_open(now)).values(ended_at=now)
    return len(session.scalars(ended.returning(SignInSession.id)).all())


def _opened(row: SignInSession, token: str) -> OpenSession:
    return OpenSession(row.id, token, row.ends_at, row.last_seen_at, row.password_entered_at)


def _listed(row: SignInSession) -> ListedSession:
    return ListedSession(row.id, row.device, row.address, row.created_at, row.last_seen_at)
