"""Keys as those who may see them see them. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select

from app.domain.accounts import key_rules
from app.domain.accounts.errors import UnknownKey
from app.domain.accounts.key_rules import KeyState, Scope
from app.domain.accounts.models import Account, Key
from app.foundation.database import session
from app.foundation.secret_keys import PREFIX_LENGTH, KeyKind
from app.foundation.sentences import say

# Of keys that have ended, those that ended last are of most interest.
ENDED_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as lists show it: everything but the secret, which nobody has."""

    id: int
    kind: KeyKind
    # Whose it is; None for a gateway's.
    user_id: str | None
    name: str
    # How the key begins: what it is told by.
    prefix: str
    scope: Scope
    state: KeyState
    created_at: datetime
    # When it ended, or is to end; None: never.
    ends_at: datetime | None
    last_used_at: datetime | None
    limited_to: tuple[str, ...]
    # Whether it may still be replaced.
    can_be_replaced: bool

    @property
    def has_ended(self) -> bool:
        """Tell whether the key is refused."""
        return self.state in (KeyState.EXPIRED, KeyState.REVOKED)


@dataclass(frozen=True, slots=True)
class KeyList:
    """Keys that work, newest first, and those that have ended, last ended first."""

    working: Sequence[KeyView]
    ended: Sequence[KeyView]
    # How many have ended; listed is a page of them.
    ended_count: int


def keys_of(account: Account, *, ended_page: int = 1, now: datetime) -> KeyList:
    """Return the account's keys, and a page of those that have ended."""
    return _listed(select(Key).where(Key.user_id == account.id), ended_page=ended_page, now=now)


def console_keys(*, now: datetime) -> Mapping[KeyKind, KeyList]:
    """Return the keys that operators look after: the gateways', and those of their programs."""
    return {
        kind: _listed(select(Key).where(Key.kind == kind), now=now)
        for kind in (KeyKind.GATEWAY, KeyKind.OPERATOR)
    }


def key_of(account: Account, key_id: int, *, now: datetime) -> KeyView:
    """Return the account's key. Raises UnknownKey."""
    return _sole(Key.id == key_id, Key.user_id == account.id, now=now)


def console_key(key_id: int, *, now: datetime) -> KeyView:
    """Return a key that operators look after. Raises UnknownKey."""
    theirs = Key.kind.in_((KeyKind.GATEWAY, KeyKind.OPERATOR))
    return _sole(Key.id == key_id, theirs, now=now)


def key_that_begins(prefix: str, *, now: datetime) -> KeyView:
    """Return the key that lists show as this. Raises UnknownKey."""
    kind, public_id = prefix[:PREFIX_LENGTH], prefix[PREFIX_LENGTH:]
    if not (public_id.isascii() and public_id.isalnum()):
        raise UnknownKey(say("There is no such key."))
    return _sole(Key.kind == kind, Key.public_id == public_id, now=now)


def all_keys(*, of: Account | None = None, now: datetime) -> Sequence[KeyView]:
    """Return everybody's keys, or an account's, newest first, those that have ended too."""
    wanted = select(Key).order_by(Key.id.desc())
    if of is not None:
        wanted = wanted.where(Key.user_id == of.id)
    return [view_of(key, now=now) for key in session.scalars(wanted)]


def about_to_end(*, now: datetime, limit: int) -> Sequence[Key]:
    """Return keys in use that end soon and whose owners have not been thought of; locked."""
    wanted = select(Key).where(
        Key.revoked_at.is_(None),
        Key.replaced_by.is_(None),
        Key.expiry_told_at.is_(None),
        Key.expires_at > now,
        Key.expires_at <= now + key_rules.SOON,
        Key.last_used_at >= now - key_rules.USED_LATELY,
    )
    return session.scalars(wanted.order_by(Key.id).limit(limit).with_for_update()).all()


def view_of(key: Key, *, now: datetime) -> KeyView:
    """Return the key as lists show it."""
    state = key_rules.state_of(key, now=now)
    return KeyView(
        id=key.id,
        kind=KeyKind(key.kind),
        user_id=key.user_id,
        name=key.name,
        prefix=f"{key.kind}{key.public_id}",
        scope=Scope(key.scope),
        state=state,
        created_at=key.created_at,
        ends_at=key.revoked_at or key.expires_at,
        last_used_at=key.last_used_at,
        limited_to=tuple(key.limited_to),
        can_be_replaced=state in (KeyState.WORKS, KeyState.EXPIRES_SOON),
    )


def _sole(*conditions: ColumnElement[bool], now: datetime) -> KeyView:
    found = session.scalar(select(Key).where(*conditions))
    if found is None:
        raise UnknownKey(say("There is no such key."))
    return view_of(found, now=now)


def _listed(wanted: Select[Key], *, ended_page: int = 1, now: datetime) -> KeyList:
    views = [view_of(key, now=now) for key in session.scalars(wanted.order_by(Key.id.desc()))]
    ended = sorted((view for view in views if view.has_ended), key=_end, reverse=True)
    upto = ended_page * ENDED_SHOWN_MAX
    return KeyList(
        working=[view for view in views if not view.has_ended],
        ended=ended[upto - ENDED_SHOWN_MAX : upto],
        ended_count=len(ended),
    )


def _end(view: KeyView) -> datetime:
    return view.ends_at or view.created_at
