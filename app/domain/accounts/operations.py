"""What can be done with accounts and keys. Changes state; never commits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    SelectBase,
    and_,
    bindparam,
    case,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.domain.accounts import (
    keys,
    password_rules,
    passwords,
    queries,
    rules,
    sessions,
    settings_rules,
)
from app.domain.accounts.errors import (
    DeletionPending,
    EmailTaken,
    PasswordWrong,
    TaxIdMissing,
    UnknownAccount,
    UserIdTaken,
    WrongCredentials,
)
from app.domain.accounts.holding import find_held
from app.domain.accounts.key_rules import KeyTerms
from app.domain.accounts.models import Account, BillingSettings, Counter, Key, Role
from app.domain.accounts.popular_passwords import popular_passwords
from app.domain.accounts.queries import OF_THE_ACCOUNT, REBUILD_ROLLUPS
from app.domain.accounts.sessions import OpenSession
from app.domain.accounts.views import SettingsView
from app.foundation import journal, outbox
from app.foundation.bulk import any_of
from app.foundation.database import UTCDateTime, session
from app.foundation.direct import Awaited, Question, among, values_of
from app.foundation.languages import ENGLISH
from app.foundation.secret_keys import KeyKind, SecretKey
from app.foundation.sentences import say


class Balance(NamedTuple):
    """What usage needs of a locked account: its zone, its extra tokens, and the lines it watches.

    A line is a number of tokens left; 0 is none.
    """

    user_id: str
    timezone: str
    extra_tokens: int
    granted_tokens: int
    alert_threshold: int = 0
    topup_threshold: int = 0


def open_account(
    email: str,
    *,
    now: datetime,
    user_id: str | None = None,
    password: str | None = None,
    role: Role = Role.CUSTOMER,
    timezone: str = "UTC",
    locale: str = ENGLISH,
) -> Account:
    """Create an account with its settings; without an id it is named after its number.

    Raises EmailInvalid, EmailTaken, UserIdInvalid, UserIdTaken, TimezoneUnknown and what
    `check_password` raises.
    """
    email = rules.normal_email(email)
    rules.check_zone(timezone)
    password_hash = None if password is None else _checked_hash(password, email)
    # Taken first: whoever opens accounts at the same time now waits, and then sees ours.
    number, user_id = _number_and_id(user_id)
    if queries.find_account_by_email(email) is not None:
        raise email_taken()
    if queries.find_account(user_id) is not None:
        taken = say("There is an account with the id {user_id} already.", {"user_id": user_id})
        raise UserIdTaken(taken)
    account = Account(
        id=user_id,
        number=number,
        email=email,
        password_hash=password_hash,
        role=role,
        timezone=timezone,
        locale=locale,
        created_at=now,
        updated_at=now,
    )
    _insert(account)
    session.add(BillingSettings(user_id=user_id, created_at=now, updated_at=now))
    return account


def _checked_hash(password: str, email: str) -> str:
    _check_password(password, email)
    return passwords.hash_password(password)


def set_password(
    account: Account, password: str, *, now: datetime, but: OpenSession | None = None
) -> None:
    """Let the account sign in with this password only. Raises what `check_password` raises.

    Whoever is signed in with the one before is signed out, but for this session.
    """
    account.password_hash = _checked_hash(password, account.email)
    account.updated_at = now
    sessions.end_all(account, now=now, but=but)


def renew_hash(
    account: Account, password: str, *, known_by: str | None, now: datetime
) -> str | None:
    """Hash the right password of somebody who signs in anew, if hashes have become stronger.

    Return what it is known by from now on. Raises WrongCredentials.
    """
    if not passwords.is_outdated(known_by):
        return known_by
    renewed = passwords.hash_password(password)
    account = lock_known_by(account, known_by)
    account.password_hash, account.updated_at = renewed, now
    return renewed


def lock_known_by(account: Account, password_hash: str | None) -> Account:
    """Lock an account whose password was found right by this hash.

    To look at a password takes long: meanwhile the owner may have chosen another, and has ended
    all sessions there were. Raises WrongCredentials.
    """
    account = lock_in_use(account.id)
    if account.password_hash != password_hash:
        raise _wrong_credentials()
    return account


def check_credentials(email: str, password: str) -> Account:
    """Return the account these belong to. Raises WrongCredentials, whatever is wrong."""
    account = queries.find_account_by_email(email.strip().lower())
    stored = account.password_hash if account is not None else None
    if not passwords.matches(password, stored) or account is None:
        raise _wrong_credentials()
    return account


def check_own_password(account: Account, password: str) -> str | None:
    """Return by which hash the password of whoever is signed in is right. Raises PasswordWrong."""
    known_by = account.password_hash
    if not passwords.matches(password, known_by):
        raise _not_his_password()
    return known_by


def lock_owner(user_id: str, password_hash: str | None) -> Account:
    """Lock the account of somebody who is signed in, and has shown that it is he.

    Raises PasswordWrong if the password is no longer the one of this hash.
    """
    account = lock_in_use(user_id)
    if account.password_hash != password_hash:
        raise _not_his_password()
    return account


def change_settings(
    account: Account, changes: Mapping[str, object], *, actor: str, now: datetime
) -> SettingsView:
    """Change what is named, by the names and in the units of the JSON fields; return the whole.

    Raises InvalidFields that names every wrong field; then nothing is changed.
    """
    account = lock_in_use(account.id)
    stored = queries.settings_by_account({account.id})[account.id]
    before = queries.view_of(account, stored)
    accepted = settings_rules.accepted(changes, before)
    changed = {name: value for name, value in accepted.items() if value != _kept(before, name)}
    if not changed:
        return before
    if {"tax_id", "country"} & set(changed):
        # What was checked was the id of that country.
        stored.tax_id_approved_at = None
    for name, value in changed.items():
        setattr(account if name in OF_THE_ACCOUNT else stored, name, value)
    stored.updated_at = account.updated_at = now
    details = {name: {"from": _kept(before, name), "to": to} for name, to in changed.items()}
    journal.write("settings_changed", actor=actor, user_id=account.id, now=now, details=details)
    # What nobody has begun waits for this lock, and then finds the zone of now.
    if "timezone" in changed and not queries.has_rollups_to_rebuild(account, is_unbegun=True):
        outbox.add(REBUILD_ROLLUPS, {"user_id": account.id}, now=now)
    return queries.view_of(account, stored)


def approve_tax_id(account: Account, *, actor: str, now: datetime) -> SettingsView:
    """Note that the operator has checked the tax id. Raises TaxIdMissing."""
    account = lock_in_use(account.id)
    stored = queries.settings_by_account({account.id})[account.id]
    if stored.tax_id is None:
        raise TaxIdMissing(
            say(
                "The account {user_id} has no tax id that could be approved.",
                {"user_id": account.id},
            )
        )
    if stored.tax_id_approved_at is None:
        stored.tax_id_approved_at = stored.updated_at = now
        details = {"tax_id": stored.tax_id, "country": stored.country}
        journal.write("tax_id_approved", actor=actor, user_id=account.id, now=now, details=details)
    return queries.view_of(account, stored)


def make_key(kind: KeyKind, *, name: str, now: datetime, user_id: str | None = None) -> SecretKey:
    """Make a key that may change things and never expires; return it in clear, this once.

    Raises KeyNameInvalid.
    """
    _, made = keys.add(kind, KeyTerms(name), user_id=user_id, now=now)
    return made


def make_gateway_key(
    name: str, *, now: datetime, attribute_to: str | None = None, attribute_by: Sequence[str] = ()
) -> SecretKey:
    """Make a gateway's key that bills whom these fields name, or else this account.

    That is for events in the formats of others; our own names the account by itself.
    Raises what `keys.add` raises.
    """
    terms = KeyTerms(name, attribute_to=attribute_to, attribute_by=tuple(attribute_by))
    _, made = keys.add(KeyKind.GATEWAY, terms, now=now)
    return made


def revoke_keys_made_since(account: Account, moment: datetime, *, now: datetime) -> int:
    """Revoke the account's keys that were made since then, and return how many."""
    made_since = select(Key).where(
        Key.user_id == account.id, Key.created_at >= moment, Key.revoked_at.is_(None)
    )
    suspects = session.scalars(made_since).all()
    for key in suspects:
        key.revoked_at = now
    return len(suspects)


def lock_accounts(user_ids: Collection[str]) -> dict[str, Account]:
    """Lock the accounts that exist, in the order of their ids, and return them by id."""
    # Everyone who changes usage, tokens or money takes this lock first, and in this order.
    statement = (
        select(Account)
        .where(any_of(Account.id, user_ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {account.id: account for account in session.scalars(statement)}


def lock_in_use(user_id: str) -> Account:
    """Lock an account that stands, so that nothing is written to one after its erasure.

    Raises UnknownAccount.
    """
    account = find_held(user_id) or lock_accounts({user_id}).get(user_id)
    # A call may have begun before the erasure, and come to its lock after it.
    if account is None or account.erased_at is not None:
        raise UnknownAccount(say("There is no account with this id."))
    return account


def lock_buyer(user_id: str) -> Account:
    """Lock an account that may buy something. Raises UnknownAccount and DeletionPending."""
    account = lock_in_use(user_id)
    refuse_leaving(account)
    return account


def refuse_leaving(account: Account) -> None:
    """Refuse what would be bought for an account just to be lost. Raises DeletionPending."""
    if account.deletion_asked_at is not None:
        raise DeletionPending(say("Your account will be deleted. Keep it first."))


def _balances(*conditions: ColumnElement[bool]) -> SelectBase:
    settings = BillingSettings
    # Nothing is bought for an account that is to be deleted.
    buys = and_(settings.auto_topup, Account.deletion_asked_at.is_(None))
    topup_threshold = case((buys, settings.auto_topup_threshold), else_=0)
    columns = select(
        Account.id,
        Account.timezone,
        Account.extra_tokens,
        Account.granted_tokens,
        settings.alert_threshold,
        topup_threshold,
    )
    joined = columns.join(settings, settings.user_id == Account.id)
    ours = joined.where(among(Account.id, "user_ids"), *conditions).order_by(Account.id)
    return ours.with_for_update(key_share=True, of=Account)


@Question
def _balances_of_served() -> SelectBase:
    return _balances(_is_served(bindparam("served_at", type_=UTCDateTime())))


_balances_of_all = Question(_balances)


def lock_balances(
    user_ids: Collection[str], *, served_at: datetime | None = None
) -> dict[str, Balance]:
    """Lock the accounts that exist, in the order of their ids, and return what usage draws on.

    With a moment only those that the gateway may serve then: whose deletion is due is unknown.
    """
    return ask_balances(user_ids, served_at=served_at).get()


def ask_balances(
    user_ids: Collection[str], *, served_at: datetime | None = None
) -> Awaited[dict[str, Balance]]:
    """Lock like lock_balances: whatever is asked after this is asked under the locks."""
    question = _balances_of_all if served_at is None else _balances_of_served
    given = {"user_ids": values_of(user_ids), "served_at": served_at}
    return question.send(given, lambda rows: {row[0]: Balance._make(row) for row in rows})


def _is_served(now: BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(Account.deletion_due_at.is_(None), Account.deletion_due_at > now)


def _insert(account: Account) -> None:
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        # Somebody has changed his address to this one at the same moment.
        raise email_taken() from error


def _wrong_credentials() -> WrongCredentials:
    return WrongCredentials(say("Mail address or password is wrong."))


def _not_his_password() -> PasswordWrong:
    return PasswordWrong(say("This is not your password."))


def email_taken() -> EmailTaken:
    """Return the refusal of an address that is somebody's."""
    return EmailTaken(say("There is an account with this mail address already."))


def _check_password(password: str, email: str) -> None:
    password_rules.check_password(password, email=email, popular=popular_passwords())


def _kept(settings: SettingsView, name: str) -> object:
    value = getattr(settings, name)
    return list(value) if isinstance(value, tuple) else value


def _number_and_id(chosen: str | None) -> tuple[int, str]:
    number = _next_number("account")
    if chosen is not None:
        return number, rules.normal_user_id(chosen)
    while queries.find_account(f"user-{number}") is not None:
        # Somebody chose the id that this number would give.
        number = _next_number("account")
    return number, f"user-{number}"


def _next_number(name: str) -> int:
    raised = update(Counter).where(Counter.name == name).values(value=Counter.value + 1)
    return session.execute(raised.returning(Counter.value)).scalar_one()
