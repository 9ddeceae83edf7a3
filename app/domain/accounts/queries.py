"""Questions about accounts and keys. Reads only."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from app.domain.accounts import rules
from app.domain.accounts.access_models import EmailChange
from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import Account, BillingSettings, Key, Role
from app.domain.accounts.views import SettingsView
from app.foundation import outbox
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.sentences import say

# The promise to cut an account's hours and days anew, in the zone that it has now.
REBUILD_ROLLUPS = "rebuild_rollups"
OF_THE_ACCOUNT = ("name", "timezone", "locale")


def account(user_id: str) -> Account:
    """Return the account. Raises UnknownAccount."""
    found = find_account(user_id)
    if found is None:
        raise UnknownAccount(say("There is no account with this id."))
    return found


def find_account(user_id: str) -> Account | None:
    """Return the account, if there is one."""
    return session.get(Account, user_id) if rules.may_be_user_id(user_id) else None


def account_in_use(user_id: str) -> Account:
    """Return the account, unless it was erased. Raises UnknownAccount."""
    found = account(user_id)
    if found.erased_at is not None:
        raise UnknownAccount(say("There is no account with this id."))
    return found


def find_served_account(user_id: str, *, now: datetime) -> Account | None:
    """Return the account if the gateway may serve it: from its deletion on it is unknown there."""
    found = find_account(user_id)
    is_closed = found is not None and not rules.is_served(found.deletion_due_at, now=now)
    return None if is_closed else found


def served_account(user_id: str, *, now: datetime) -> Account:
    """Return the account if the gateway may serve it. Raises UnknownAccount."""
    found = find_served_account(user_id, now=now)
    if found is None:
        raise UnknownAccount(say("There is no account with this id."))
    return found


def find_account_by_email(email: str) -> Account | None:
    """Return the account of a mail address that is in its stored form."""
    if rules.UNSTORABLE.search(email):
        return None
    # The address in the place of an erased one is nobody's.
    theirs = select(Account).where(Account.email == email, Account.erased_at.is_(None))
    return session.scalar(theirs)


def user_ids_after(user_id: str, *, limit: int) -> Sequence[str]:
    """Return the next customers' ids in their order, for work that takes some at a time."""
    later = select(Account.id).where(Account.id > user_id).order_by(Account.id)
    return session.scalars(later.limit(limit)).all()


def operators() -> Sequence[Account]:
    """Return the operators' accounts, in the order of their ids."""
    theirs = select(Account).where(Account.role == Role.OPERATOR).order_by(Account.id)
    return session.scalars(theirs).all()


def has_real_accounts() -> bool:
    """Tell whether there is an account that is not the demo's."""
    return session.scalar(select(Account.id).where(~Account.is_demo).limit(1)) is not None


def customer_with_settings(user_id: str) -> tuple[Account, BillingSettings]:
    """Return a customer's account and what it has set. Raises UnknownAccount, for operators too."""
    return customer_with_all(user_id)[:2]


def customer_with_all(user_id: str) -> tuple[Account, BillingSettings, EmailChange | None]:
    """Return these, and the change of address that was asked for; it may have ended."""
    statement = (
        select(Account, BillingSettings, EmailChange)
        .join(BillingSettings, BillingSettings.user_id == Account.id)
        .outerjoin(EmailChange, EmailChange.user_id == Account.id)
        .where(Account.id == user_id, Account.role == Role.CUSTOMER)
        .execution_options(populate_existing=True)
    )
    row = session.execute(statement).one_or_none() if rules.may_be_user_id(user_id) else None
    if row is None:
        raise UnknownAccount(say("There is no customer with this id."))
    return row.Account, row.BillingSettings, row.EmailChange


def settings_of(account: Account) -> BillingSettings:
    """Return what the account has set."""
    return session.scalars(select(BillingSettings).filter_by(user_id=account.id)).one()


def addresses(user_ids: Collection[str]) -> dict[str, str]:
    """Return where each of the accounts gets its mails."""
    return _addresses(user_ids)


def called(user_ids: Collection[str]) -> dict[str, str]:
    """Return what operators call the accounts: by name, or by mail; nobody's have neither."""
    theirs = select(Account.id, Account.name, Account.email)
    standing = theirs.where(any_of(Account.id, user_ids), Account.erased_at.is_(None))
    return {user_id: name or email for user_id, name, email in session.execute(standing)}


def invoice_addresses(user_ids: Collection[str]) -> dict[str, str]:
    """Return where those of the accounts get their invoices that want them by mail."""
    return _addresses(user_ids, BillingSettings.send_invoice_email.is_(True))


def _addresses(user_ids: Collection[str], *conditions: ColumnElement[bool]) -> dict[str, str]:
    statement = (
        select(Account.id, func.coalesce(BillingSettings.billing_email, Account.email))
        .join(BillingSettings, BillingSettings.user_id == Account.id)
        .where(any_of(Account.id, user_ids), *conditions)
    )
    return {user_id: address for user_id, address in session.execute(statement)}


def settings_by_account(user_ids: Collection[str]) -> dict[str, BillingSettings]:
    """Return what the accounts have set, by account."""
    statement = select(BillingSettings).where(any_of(BillingSettings.user_id, user_ids))
    found = session.scalars(statement.execution_options(populate_existing=True))
    return {chosen.user_id: chosen for chosen in found}


def settings_view(account: Account) -> SettingsView:
    """Return what the account has set, zone and language with it."""
    return view_of(account, settings_of(account))


def view_of(account: Account, chosen: BillingSettings) -> SettingsView:
    """Return the settings of the account as they are shown."""
    values = {
        name: getattr(account if name in OF_THE_ACCOUNT else chosen, name)
        for name in SettingsView.__slots__
    }
    return SettingsView(**{**values, "alert_percents": tuple(chosen.alert_percents)})


def has_rollups_to_rebuild(account: Account, *, is_unbegun: bool = False) -> bool:
    """Tell whether the account's charts are still cut in the zone it had before."""
    return outbox.is_promised(
        REBUILD_ROLLUPS, key="user_id", value=account.id, is_unbegun=is_unbegun
    )


def ids_with_rollups_to_rebuild() -> Select[Any]:
    """Return the question whose charts are still cut in the zone that they had before."""
    return outbox.promised_values(REBUILD_ROLLUPS, key="user_id")


def keys_of(account: Account) -> Sequence[Key]:
    """Return the account's keys, newest first, the revoked ones too."""
    statement = select(Key).where(Key.user_id == account.id)
    return session.scalars(statement.order_by(Key.id.desc())).all()


def first_of_replaced(key_id: int) -> str:
    """Return the public id of the key that this one has taken the place of, and so on back."""
    chain = select(Key.id, Key.public_id).where(Key.id == key_id).cte("chain", recursive=True)
    before = aliased(Key)
    chain = chain.union_all(
        select(before.id, before.public_id).join(chain, before.replaced_by == chain.c.id)
    )
    # Whoever takes a place comes after, so the first has the smallest number.
    first: str = session.scalars(select(chain.c.public_id).order_by(chain.c.id).limit(1)).one()
    return first
