"""Makes accounts, with the rows that every account has."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.domain.accounts.models import Account, BillingSettings, Counter, Key
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind, SecretKey, new_key
from tests.factories.subscriptions import make_subscription
from tests.factories.tokens import make_extra_tokens
from tests.moments import NOW

# Long enough ago that a test can have usage before its own moment within the first period.
AGE = timedelta(days=10)


def make_account(
    user_id: str = "ada", *, now: datetime = NOW, plan_id: str = PAY_AS_YOU_GO, **changes: object
) -> Account:
    """Make an account that is ten days old, with its settings, subscription and current period."""
    created = now - AGE
    given = {
        "email": f"{user_id}@example.com",
        "name": user_id.title(),
        "number": _next_number(),
        "email_verified_at": created,
        "created_at": created,
        "updated_at": created,
        **changes,
    }
    account = Account(id=user_id, **given)
    session.add(account)
    session.flush()
    session.add(BillingSettings(user_id=user_id, created_at=created, updated_at=created))
    make_subscription(user_id, plan_id=plan_id, starts_at=created)
    return account


def make_noise(*, now: datetime = NOW) -> list[Account]:
    """Make two accounts that no test is about, one of them with a plan and extra tokens."""
    noise = [
        make_account("noise-payg", now=now),
        make_account("noise-pro", now=now, plan_id="plan-pro"),
    ]
    make_extra_tokens("noise-pro", bought=7_777, now=now)
    return noise


def make_key(
    kind: KeyKind, *, user_id: str | None = None, now: datetime = NOW, **changes: object
) -> SecretKey:
    """Make a key that works, and return it in clear."""
    key = new_key(kind)
    given = {"name": "a key", "created_at": now, **changes}
    row = Key(kind=kind.value, user_id=user_id, public_id=key.public_id, digest=key.digest, **given)
    session.add(row)
    session.commit()
    return key


def _next_number() -> int:
    raised = update(Counter).where(Counter.name == "account").values(value=Counter.value + 1)
    return session.scalars(raised.returning(Counter.value)).one()
