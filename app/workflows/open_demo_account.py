"""Open a demo account: one that began months ago, and has paid for its plan ever since."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries
from app.domain.accounts.errors import RealAccountsPresent
from app.domain.accounts.models import Account, Role
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions.queries import periods_since
from app.foundation.sentences import say
from app.workflows.sign_up import sign_up

# How long an account lives before it chooses a plan.
HESITATION = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Who somebody in the demo is."""

    user_id: str
    email: str
    name: str
    role: Role = Role.CUSTOMER
    # None: pay as you go.
    plan_id: str | None = None
    credit_limit_minor: int | None = None
    alert_threshold: int = 0


def open_demo_account(
    who: DemoAccount, *, began_at: datetime, now: datetime, grace: timedelta
) -> Account:
    """Open the account, or take the one that stands, and pay its plan's periods up to now.

    Raises RealAccountsPresent if the database is in real use.
    """
    if queries.has_real_accounts():
        raise RealAccountsPresent(
            say("The database holds real accounts; the demo is kept out of it.")
        )
    account = queries.find_account(who.user_id)
    if account is None:
        account = _open(who, began_at=began_at)
    accounts.lock_accounts([account.id])
    _pay_periods(account, now=now, grace=grace)
    return account


def _open(who: DemoAccount, *, began_at: datetime) -> Account:
    account = sign_up(who.email, user_id=who.user_id, role=who.role, now=began_at)
    account.is_demo = True
    account.name = who.name
    account.email_verified_at = began_at
    account.credit_limit_minor = who.credit_limit_minor
    queries.settings_of(account).alert_threshold = who.alert_threshold
    if who.plan_id is not None:
        subscriptions.begin_plan(account, catalog.plan(who.plan_id), now=began_at + HESITATION)
    return account


def _pay_periods(account: Account, *, now: datetime, grace: timedelta) -> None:
    """Write the periods up to now one by one, each paid as it begins."""
    while True:
        period, subscription = periods_since([account.id], since=now)[-1]
        if period.grace_ends_at is not None:
            subscriptions.mark_paid(period, now=period.starts_at)
        if now < period.ends_at:
            return
        subscriptions.roll_over([(period, subscription)], now=period.ends_at, grace=grace)
