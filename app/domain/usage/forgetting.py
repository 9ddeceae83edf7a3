"""The names in an account's usage are forgotten: its gateway keys become numbers.

Each name becomes another one, so that every sum stays what it was. Changes state; never commits.
"""

from sqlalchemy import ColumnElement, select, update

from app.domain.accounts.models import Account
from app.domain.usage.models import (
    BillingRecord,
    PrunedUsage,
    UsageDaily,
    UsageHourly,
    UsageLabel,
)
from app.domain.usage.rules import OTHER
from app.foundation.database import session

KEY = "api_key"
ROLLUPS = (UsageHourly, UsageDaily, PrunedUsage)


def forget_names(account: Account) -> None:
    """Number the gateway keys of a locked account, and forget why its usage was voided."""
    labels = _labels(account)
    # What was over the limit of keys that are kept apart has no name in any sum.
    _rename_records(account, BillingRecord.api_key_alias.not_in(["", *labels]), OTHER)
    for number, label in enumerate(labels, start=1):
        _rename(account, label, _free(f"key {number}", labels))
    voided = BillingRecord.user_id == account.id, BillingRecord.void_reason.is_not(None)
    session.execute(update(BillingRecord).where(*voided).values(void_reason=""))


def _rename(account: Account, label: str, to: str) -> None:
    _rename_records(account, BillingRecord.api_key_alias == label, to)
    for rollup in ROLLUPS:
        theirs = rollup.user_id == account.id, rollup.api_key == label
        session.execute(update(rollup).where(*theirs).values(api_key=to))
    named = UsageLabel.user_id == account.id, UsageLabel.kind == KEY, UsageLabel.label == label
    session.execute(update(UsageLabel).where(*named).values(label=to))


def _rename_records(account: Account, which: ColumnElement[bool], to: str) -> None:
    named = BillingRecord.user_id == account.id, which
    session.execute(update(BillingRecord).where(*named).values(api_key_alias=to))


def _labels(account: Account) -> list[str]:
    named = select(UsageLabel.label).where(UsageLabel.user_id == account.id, UsageLabel.kind == KEY)
    return list(session.scalars(named.order_by(UsageLabel.label)))


def _free(name: str, taken: list[str]) -> str:
    # Somebody may have called a key of his "key 1".
    while name in taken:
        name += "′"
    return name
