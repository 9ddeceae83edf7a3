"""What becomes of keys: made, used, replaced, revoked. Changes state; never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select, update

from app.domain.accounts import attribution, key_rules, queries, rules
from app.domain.accounts.errors import (
    AttributionOutsideLimits,
    KeyLimitInvalid,
    TooManyKeys,
    UnknownKey,
)
from app.domain.accounts.key_rules import KeyTerms, Overlap
from app.domain.accounts.models import Account, Key, Role
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind, SecretKey, new_key
from app.foundation.sentences import say


def add(
    kind: KeyKind, terms: KeyTerms, *, now: datetime, user_id: str | None = None
) -> tuple[Key, SecretKey]:
    """Make a key, and return it in clear, the only time it is ever seen.

    Raises KeyNameInvalid, KeyExpiryInvalid, TooManyKeys; for gateways KeyLimitInvalid,
    UnknownAccount, AttributionOutsideLimits and what `attribution.check_fields` raises.
    """
    key_rules.check_expiry(terms.expires_at, now=now)
    _refuse_too_many(kind, user_id, now=now)
    made = new_key(kind)
    key = Key(
        kind=kind,
        user_id=user_id,
        name=rules.check_key_name(terms.name),
        scope=terms.scope,
        public_id=made.public_id,
        digest=made.digest,
        limited_to=_limits(terms.limited_to),
        attributes_to=_billed(terms),
        attributes_by=attribution.check_fields(terms.attribute_by),
        created_at=now,
        expires_at=terms.expires_at,
    )
    session.add(key)
    session.flush()
    return key, made


def replace(key_id: int, *, overlap: Overlap, now: datetime) -> tuple[Key, Key, SecretKey]:
    """Let another key of the same terms take this one's place; return the old, the new one, and
    the new one in clear.

    Both work until the overlap is over, and count until then. Raises UnknownKey, KeyEnded,
    KeyReplacedAlready, TooManyKeys.
    """
    # The account first, as everywhere: whoever deletes it comes to its keys in the same order.
    _hold(_owner_of(key_id))
    old = locked(key_id)
    key_rules.check_replaceable(old, now=now)
    if overlap != Overlap.NONE:
        _refuse_too_many(KeyKind(old.kind), old.user_id, now=now)
    made = new_key(KeyKind(old.kind))
    new = Key(
        **{name: getattr(old, name) for name in _HANDED_ON},
        public_id=made.public_id,
        digest=made.digest,
        created_at=now,
        expires_at=key_rules.end_of_successor(old.expires_at, made_at=old.created_at, now=now),
    )
    session.add(new)
    session.flush()
    old.replaced_by = new.id
    if overlap == Overlap.NONE:
        old.revoked_at = now
    else:
        old.expires_at = key_rules.end_of_replaced(old, overlap, now=now)
    return old, new, made


def revoke(key_id: int, *, now: datetime) -> Key | None:
    """Revoke a key, from this moment on, and return it; None if it has ended already.

    Raises UnknownKey.
    """
    _hold(_owner_of(key_id))
    key = locked(key_id)
    if key_rules.has_ended(key, now=now):
        return None
    key.revoked_at = now
    return key


def note_use(key_id: int, *, now: datetime) -> None:
    """Note that a key was used, unless somebody has done so within the last few minutes.

    A key that has ended is not noted: whoever took it from memory is refused right after this.
    """
    noted_before = now - key_rules.NOTED_EVERY
    works = Key.revoked_at.is_(None), or_(Key.expires_at.is_(None), Key.expires_at > now)
    is_due = or_(Key.last_used_at.is_(None), Key.last_used_at <= noted_before)
    session.execute(
        update(Key)
        .where(Key.id == key_id, is_due, *works)
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def locked(key_id: int) -> Key:
    """Return the key, locked. Raises UnknownKey."""
    key = session.get(Key, key_id, with_for_update=True, populate_existing=True)
    if key is None:
        raise UnknownKey(say("There is no such key."))
    return key


_HANDED_ON = ("kind", "user_id", "name", "scope", "limited_to", "attributes_to", "attributes_by")


def _refuse_too_many(kind: KeyKind, user_id: str | None, *, now: datetime) -> None:
    _hold(user_id)
    alike = Key.kind == kind, Key.user_id.is_(None) if user_id is None else Key.user_id == user_id
    works = Key.revoked_at.is_(None), or_(Key.expires_at.is_(None), Key.expires_at > now)
    count = session.scalar(select(func.count()).select_from(Key).where(*alike, *works)) or 0
    if count >= key_rules.WORKING_MAX:
        most = key_rules.WORKING_MAX
        raise TooManyKeys(
            say(
                "There are {most} keys that work, which is the most. Revoke one first.",
                {"most": most},
            )
        )


def _owner_of(key_id: int) -> str | None:
    return session.scalar(select(Key.user_id).where(Key.id == key_id))


def _hold(user_id: str | None) -> None:
    """Let whoever else makes a key of the account's wait, or does something with one."""
    if user_id is not None:
        session.scalar(select(Account.id).where(Account.id == user_id).with_for_update())


def _limits(user_ids: Collection[str]) -> list[str]:
    """Return the accounts that a gateway's key is limited to, each once, in their order."""
    wanted = sorted(set(user_ids))
    if len(wanted) > key_rules.LIMITED_TO_MAX:
        most = key_rules.LIMITED_TO_MAX
        raise KeyLimitInvalid(
            say("A key can be limited to at most {most} accounts.", {"most": most})
        )
    may_be = [user_id for user_id in wanted if rules.may_be_user_id(user_id)]
    customers = select(Account.id).where(any_of(Account.id, may_be), Account.role == Role.CUSTOMER)
    known = set(session.scalars(customers)) if may_be else set()
    unknown = next((user_id for user_id in wanted if user_id not in known), None)
    if unknown is not None:
        raise KeyLimitInvalid(
            say("There is no customer with the id {user_id!r}.", {"user_id": unknown[:64]})
        )
    return wanted


def _billed(terms: KeyTerms) -> str | None:
    """Return the account that a gateway's key bills where no field names one."""
    if terms.attribute_to is None:
        return None
    if terms.limited_to and terms.attribute_to not in terms.limited_to:
        raise AttributionOutsideLimits(
            say(
                "The key would bill {user_id}, an account that it may not speak of.",
                {"user_id": terms.attribute_to},
            )
        )
    return queries.account_in_use(terms.attribute_to).id
