"""Makes the headers of programs that have a key."""

from datetime import datetime

from app.foundation import clock
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key


def bearer(
    kind: KeyKind, *, user_id: str | None = None, now: datetime | None = None, **changes: object
) -> dict[str, str]:
    """Make a key and return the header that carries it."""
    key = make_key(kind, user_id=user_id, now=now or clock.now(), **changes)
    return {"Authorization": f"Bearer {key.text}"}
