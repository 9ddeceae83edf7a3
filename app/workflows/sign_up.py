"""Sign up: an account, its settings, and a period to use from the first moment."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account, Role
from app.domain.subscriptions import operations as subscriptions
from app.foundation import journal
from app.foundation.languages import ENGLISH


def sign_up(
    email: str,
    *,
    now: datetime,
    user_id: str | None = None,
    password: str | None = None,
    role: Role = Role.CUSTOMER,
    timezone: str = "UTC",
    locale: str = ENGLISH,
) -> Account:
    """Open an account that can be used at once: pay as you go. Raises what opening it raises."""
    account = accounts.open_account(
        email,
        now=now,
        user_id=user_id,
        password=password,
        role=role,
        timezone=timezone,
        locale=locale,
    )
    subscriptions.begin_pay_as_you_go(account, now=now)
    journal.write("account_opened", actor=f"{role}:{account.id}", user_id=account.id, now=now)
    return account
