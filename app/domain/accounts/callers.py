"""Who calls: the keys that calls are made with, looked up for every call or remembered.

A remembered key may have changed since, in another process. So whoever takes one from memory asks
`are_as_remembered` before he lets anything become permanent: once for all that is done together.
When a key was last used is noted before that, and by a statement that takes none that has ended.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Select, SelectBase, Text, bindparam, select

from app.domain.accounts import key_rules
from app.domain.accounts.attribution import Attribution
from app.domain.accounts.errors import KeyUnknown
from app.domain.accounts.models import Key
from app.foundation.database import bound_to
from app.foundation.direct import Awaited, Question, among, values_of
from app.foundation.secret_keys import SecretKey, digest_of, find_key
from app.foundation.sentences import say
from app.foundation.statements import Row

# How many keys a process remembers; nobody has nearly as many that post usage.
REMEMBERED_MAX = 10_000


class Caller(NamedTuple):
    """A key as a call needs it: whose it is, what it may do, and how long."""

    id: int
    public_id: str
    digest: str
    kind: str
    user_id: str | None
    name: str
    scope: str
    expires_at: datetime | None
    revoked_at: datetime | None
    attributes_to: str | None
    attributes_by: list[str]
    limited_to: list[str]
    last_used_at: datetime | None

    @property
    def attribution(self) -> Attribution:
        """Return whom a gateway's key bills for events in the formats of others."""
        return Attribution(
            gateway=self.name,
            user_id=self.attributes_to,
            fields=tuple(self.attributes_by),
            accounts=frozenset(self.limited_to),
        )


@Question
def _which_is_sent() -> SelectBase:
    return _columns().where(Key.public_id == bindparam("public_id", type_=Text()))


@Question
def _which_are_these() -> SelectBase:
    return _columns().where(among(Key.id, "ids"))


def caller_by_text(text: str, *, now: datetime) -> Caller:
    """Return whose key was sent. Raises KeyUnknown, in the same words for every reason."""
    sent = find_key(text)
    found = None if sent is None else _find(sent)
    if found is not None and not key_rules.has_ended(found, now=now):
        _remembered_here()[found.digest] = found
        return found
    raise KeyUnknown(say("This key is not known, or no longer valid."))


def find_remembered(text: str) -> Caller | None:
    """Return whose key this was when it was last looked up; it may have changed since."""
    # Whatever else was sent has another digest.
    return _remembered_here().get(digest_of(text))


def forget(caller: Caller) -> None:
    """Have the key looked up the next time."""
    _remembered_here().pop(caller.digest, None)


def are_as_remembered(callers: Collection[Caller], *, now: datetime) -> bool:
    """Tell whether these keys may still do what they could when they were looked up."""
    return ask_whether_as_remembered(callers, now=now).get()


def ask_whether_as_remembered(callers: Collection[Caller], *, now: datetime) -> Awaited[bool]:
    """Ask the same, together with other questions."""

    def all_stand(rows: Iterable[Row]) -> bool:
        stand = {row[0]: _facts(Caller._make(row)) for row in rows}
        return all(
            stand.get(caller.id) == _facts(caller) and not key_rules.has_ended(caller, now=now)
            for caller in callers
        )

    return _which_are_these.send({"ids": values_of({each.id for each in callers})}, all_stand)


def _find(sent: SecretKey) -> Caller | None:
    rows = _which_is_sent.ask({"public_id": sent.public_id})
    same = (Caller._make(row) for row in rows)
    return next((caller for caller in same if sent.matches(caller.digest)), None)


_remembered: WeakKeyDictionary[Engine, dict[str, Caller]] = WeakKeyDictionary()


def _remembered_here() -> dict[str, Caller]:
    """Return the keys that this process has read of this database, by digest."""
    known = _remembered.setdefault(bound_to(), {})
    if len(known) > REMEMBERED_MAX:
        known.clear()
    return known


def _facts(caller: Caller) -> Caller:
    """Return the key without what changes by its use alone."""
    return caller._replace(last_used_at=None)


def _columns() -> Select[Any]:
    return select(*(getattr(Key, name) for name in Caller._fields))
