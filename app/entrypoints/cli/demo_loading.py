"""Loading the demo: its people into the database, their usage through the JSON API."""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from app.config import Settings
from app.domain.accounts import operations as accounts
from app.domain.accounts import queries
from app.domain.accounts.callers import caller_by_text
from app.domain.accounts.errors import KeyUnknown, WrongCredentials
from app.domain.accounts.models import Account
from app.domain.coupons.creating import create as create_coupon
from app.domain.coupons.queries import find_coupon
from app.domain.coupons.rules import CouponDraft
from app.entrypoints.cli.billing_api import BillingApi
from app.entrypoints.cli.demo_file import (
    CustomerLogin,
    Demo,
    OperatorLogin,
    find_demo,
    write_demo,
)
from app.entrypoints.cli.demo_world import (
    AGE,
    COUPONS,
    CUSTOMERS,
    DEMO_CUSTOMER,
    OPERATOR,
    usage_between,
)
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.posting import Tally, in_batches, post_batches
from app.entrypoints.selling import seller_of
from app.foundation.database import transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.bill_demo import bill_demo
from app.workflows.open_demo_account import HESITATION, open_demo_account

PASSWORD_BYTES = 12
COUPONS_LAST = timedelta(days=365)
# Whoever tries the demo with an OpenMeter or Lago client chooses whom it bills.
BELIEVED = ("subject", "external_subscription_id")
NOBODY = Demo("", CustomerLogin("", "", "", ""), OperatorLogin("", "", ""), "")


def load_demo(
    *, url: str, now: datetime, while_waiting: Callable[[], None] = lambda: None
) -> tuple[Demo, Tally]:
    """Bring the demo up to now, through the server at this address; loading it again is harmless.

    Raises RealAccountsPresent and Failed.
    """
    with installation() as settings:
        with transaction():
            began_at = _open_accounts(settings, now=now)
            _make_coupons(now=now)
            demo = _logins(settings, base_url=url, now=now)
        write_demo(demo, settings.instance_dir)
    usage = list(usage_between(began_at + HESITATION, now))
    with closing(BillingApi(url, demo.gateway_key, while_waiting=while_waiting)) as api:
        tally = post_batches(api, in_batches(usage), count=len(usage), label="Loading the demo")
    # Only now: what is posted for a closed month would be billed in the current one.
    with installation() as settings, transaction():
        bill_demo(began_at, leaving_open=demo.customer.user_id, seller=seller_of(settings), now=now)
    return demo, tally


def move_demo(address: str) -> Demo | None:
    """Note the demo's new address, where there is a demo."""
    with installation() as settings:
        known = find_demo(settings.instance_dir)
        # The file may be another database's.
        if known is None or queries.find_account(known.customer.user_id) is None:
            return None
        moved = replace(known, base_url=address)
        write_demo(moved, settings.instance_dir)
        return moved


def _open_accounts(settings: Settings, *, now: datetime) -> datetime:
    """Open the demo's accounts, or bring them up to now; return when the demo began."""
    known = queries.find_account(DEMO_CUSTOMER.account.user_id)
    began_at = now - AGE if known is None else known.created_at
    grace = timedelta(days=settings.renewal_grace_days)
    for who in (OPERATOR, *(customer.account for customer in CUSTOMERS)):
        open_demo_account(who, began_at=began_at, now=now, grace=grace)
    return began_at


def _make_coupons(*, now: datetime) -> None:
    """Make the demo's coupons, those that are not there yet."""
    for code, (coupon_type, value, description) in COUPONS.items():
        if find_coupon(code) is None:
            draft = CouponDraft(
                type=coupon_type,
                value=value,
                max_uses=1_000,
                valid_from=now,
                expires_at=now + COUPONS_LAST,
                description=description,
            )
            create_coupon(code, draft, actor=f"operator:{OPERATOR.user_id}", now=now)


def _logins(settings: Settings, *, base_url: str, now: datetime) -> Demo:
    """Return the logins of the demo's file as far as they still work, and new ones for the rest."""
    known = find_demo(settings.instance_dir) or NOBODY
    customer = queries.account(DEMO_CUSTOMER.account.user_id)
    operator = queries.account(OPERATOR.user_id)
    return Demo(
        base_url=base_url,
        customer=CustomerLogin(
            user_id=customer.id,
            email=customer.email,
            password=_password(customer, known.customer.password, now=now),
            api_key=_key(KeyKind.CUSTOMER, known.customer.api_key, owner=customer, now=now),
        ),
        operator=OperatorLogin(
            email=operator.email,
            password=_password(operator, known.operator.password, now=now),
            api_key=_key(KeyKind.OPERATOR, known.operator.api_key, owner=operator, now=now),
        ),
        gateway_key=_key(KeyKind.GATEWAY, known.gateway_key, owner=None, now=now),
    )


def _password(account: Account, known: str, *, now: datetime) -> str:
    try:
        accounts.check_credentials(account.email, known)
    except WrongCredentials:
        known = secrets.token_urlsafe(PASSWORD_BYTES)
        accounts.set_password(account, known, now=now)
    return known


def _key(kind: KeyKind, known: str, *, owner: Account | None, now: datetime) -> str:
    user_id = None if owner is None else owner.id
    try:
        key = caller_by_text(known, now=now)
    except KeyUnknown:
        key = None  # revoked, or of another database
    if key is not None and (key.kind, key.user_id) == (kind, user_id):
        return known
    if kind == KeyKind.GATEWAY:
        return accounts.make_gateway_key("demo", attribute_by=BELIEVED, now=now).text
    return accounts.make_key(kind, name="demo", user_id=user_id, now=now).text
