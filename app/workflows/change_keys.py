"""Make keys, replace them and revoke them: noted, and told to whoever answers for them."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts import keys, queries, security_journal
from app.domain.accounts import operations as accounts
from app.domain.accounts.key_rules import KeyTerms, Overlap
from app.domain.accounts.models import Account, Key
from app.domain.accounts.security_journal import Doer, Event
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.foundation.secret_keys import KeyKind, SecretKey

# Where whoever gets a mail about a key finds it.
PAGES = {
    KeyKind.CUSTOMER: "/keys",
    KeyKind.GATEWAY: "/operator/keys",
    KeyKind.OPERATOR: "/operator/keys",
}


def make_key(
    kind: KeyKind, terms: KeyTerms, *, owner: Account | None = None, by: Doer, now: datetime
) -> SecretKey:
    """Make a key and return it in clear, this once. A gateway's key has no owner.

    Raises UnknownAccount and what `keys.add` raises.
    """
    if owner is not None:
        accounts.lock_in_use(owner.id)
    key, made = keys.add(kind, terms, user_id=None if owner is None else owner.id, now=now)
    ends_at = None if key.expires_at is None else key.expires_at.isoformat()
    told = {"scope": key.scope, "ends_at": ends_at}
    details = {**told, **({"limited_to": key.limited_to} if key.limited_to else {})}
    security_journal.note_key(Event.KEY_MADE, key, by=by, now=now, details=details)
    _tell("key_made", key, {**told, **_came(by, now=now)}, now=now)
    return made


def replace_key(key_id: int, *, overlap: Overlap, by: Doer, now: datetime) -> SecretKey:
    """Let another key take this one's place, and return it in clear, this once.

    Raises UnknownKey, KeyEnded, KeyReplacedAlready.
    """
    old, new, made = keys.replace(key_id, overlap=overlap, now=now)
    ends_at = (old.revoked_at or old.expires_at or now).isoformat()
    old_prefix, new_prefix = _prefix(old), _prefix(new)
    details = {"new_prefix": new_prefix, "ends_at": ends_at}
    security_journal.note_key(Event.KEY_REPLACED, old, by=by, now=now, details=details)
    told = {"old_prefix": old_prefix, "ends_at": ends_at, **_came(by, now=now)}
    _tell("key_replaced", new, told, now=now)
    return made


def revoke_key(key_id: int, *, by: Doer, now: datetime) -> None:
    """Have a key refused from this moment on; one that has ended stays as it is.

    Raises UnknownKey.
    """
    key = keys.revoke(key_id, now=now)
    if key is not None:
        security_journal.note_key(Event.KEY_REVOKED, key, by=by, now=now)


def letters_about(kind: str, key: Key, facts: Mapping[str, object]) -> list[Letter]:
    """Return the mails about a key: to its owner, or for a gateway's to every operator."""
    told = {
        "key_name": key.name,
        "key_prefix": _prefix(key),
        "key_kind": KeyKind(key.kind).name.lower(),
        "page": PAGES[KeyKind(key.kind)],
        **facts,
    }
    owners = queries.operators() if key.user_id is None else [queries.account(key.user_id)]
    return [
        # To whom signs in, not to whom is billed.
        Letter(kind, owner.id, owner.email, about=f"{key.public_id} {owner.id}", facts=told)
        for owner in owners
    ]


def _tell(kind: str, key: Key, facts: Mapping[str, object], *, now: datetime) -> None:
    mails.write_all(letters_about(kind, key, facts), now=now)


def _came(by: Doer, *, now: datetime) -> dict[str, object]:
    visitor = by.visitor
    return {"device": visitor.device, "address": visitor.address, "at": now.isoformat()}


def _prefix(key: Key) -> str:
    return f"{key.kind}{key.public_id}"
