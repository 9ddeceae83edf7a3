"""Thousands of rows in the tables that grow, written in sets: no workflow runs.

They are there to be searched. Few of them still wait for anything.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from app.domain.accounts.access_models import MailToken, SignInSession
from app.domain.accounts.models import Account, Key
from app.domain.alerts.models import Alert
from app.domain.catalog.models import ModelAlias
from app.domain.coupons.models import Coupon, CouponApplication, CouponGuess, CouponUsage
from app.domain.invoices.models import CarriedAmount, CreditEntry, CreditNote, Invoice
from app.domain.mails.models import Mail
from app.domain.payments.models import Dispute, Payment, PaymentMethod, ProviderEvent, Refund
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.foundation.database import Base, session, transaction
from app.foundation.idempotency import IdempotencyKey
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.factories.long_history import let_planner_know
from tests.factories.rows import VALID
from tests.moments import NOW

ROWS = 2_000
# Higher than any id that a test before this one was given.
FIRST = 1_000_000
Row = dict[str, object]


def make_long_tables(user_ids: Sequence[str]) -> None:
    """Write the rows, of these accounts in turn."""
    with transaction():
        for table, own in OWN.items():
            common = partial(_common, table, user_ids)
            rows = [{**common(number), **own(number)} for number in range(ROWS)]
            # Some of them carry bytes, which bulk inserts do not take.
            session.execute(sa.insert(table), rows)
    let_planner_know(list(Base.metadata.sorted_tables))


def moment(number: int) -> datetime:
    """Return when the row was written: a minute after the one before."""
    return NOW - timedelta(minutes=ROWS - number)


def _common(table: type[Base], user_ids: Sequence[str], number: int) -> Row:
    columns = table.__table__.columns
    kept = {
        "id": FIRST + number,
        "user_id": user_ids[number % len(user_ids)],
        "created_at": moment(number),
    }
    own = {name: value for name, value in kept.items() if name in columns}
    return {**VALID[table.__tablename__], **own}


def waits(number: int) -> bool:
    """Tell whether something is left to be done about it."""
    return number % 200 == 0


def _other_account(number: int) -> Row:
    at = moment(number) if waits(number) else None
    named = {"id": f"other-{number}", "number": 10_000 + number, "email": f"{number}@example.com"}
    return {**named, "deletion_asked_at": at, "deletion_due_at": at}


def _period(number: int) -> Row:
    starts_at = NOW + timedelta(minutes=number)
    bounds = {"starts_at": starts_at, "ends_at": starts_at + timedelta(seconds=1)}
    return {"subscription_id": FIRST + number, "is_current": False, **bounds}


def _invoice(number: int) -> Row:
    at, paid = moment(number), not waits(number)
    return {
        **{"public_id": f"inv-{number}", "invoice_number": f"INV-{number}", "kind": "usage"},
        **{"plan_change_id": None, "issued_at": at, "due_at": at, "paid_at": at if paid else None},
        "billing_month": f"{2000 + number // 480}-{number // 40 % 12 + 1:02}",
        "status": "paid" if paid else "issued",
    }


def _payment(number: int) -> Row:
    at, undecided = moment(number), waits(number)
    return {
        **{"public_id": f"pay-{number}", "idempotency_key": f"k{number}"},
        **{"provider_session": f"cs-{number}", "provider_payment": f"pi-{number}"},
        **{"invoice_id": FIRST + number, "status": "pending" if undecided else "failed"},
        **{"is_overpayment": undecided, "refunded_minor": 0, "updated_at": at},
    }


def _refund(number: int) -> Row:
    at, undecided = moment(number), waits(number)
    named = {"provider_refund": f"re-{number}", "idempotency_key": f"r{number}"}
    state = {"status": "pending" if undecided else "settled", "updated_at": at}
    return {"payment_id": FIRST + number, **named, **state}


def _event(number: int) -> Row:
    waiting = waits(number)
    tries = {"next_try_at": moment(number) if waiting else None}
    return {
        **{"event_id": f"evt-{number}", "received_at": moment(number), **tries},
        "status": "waiting" if waiting else "processed",
    }


def _mail(number: int) -> Row:
    refused = {"refused_at": NOW, "refusal": "no"} if waits(number) else {}
    sent = {"refused_at": None, "refusal": None, **refused}
    return {"source": f"mail-{number}", "sent_at": None if refused else NOW, **sent}


def _session(number: int) -> Row:
    # The oldest ended so long ago that nobody needs to know of them.
    ends_at = NOW - timedelta(days=400) if waits(number) else NOW + timedelta(days=1)
    return {"digest": f"s{number}", "idle_ends_at": ends_at, "ends_at": ends_at}


# In this order: later ones are of earlier ones.
OWN: dict[type[Base], Callable[[int], Row]] = {
    Account: _other_account,
    Subscription: lambda _: {"status": "expired", "pending_plan_id": None},
    SubscriptionPeriod: _period,
    Invoice: _invoice,
    Payment: _payment,
    Refund: _refund,
    Dispute: lambda number: {
        **{"payment_id": FIRST + number, "provider_dispute": f"dp-{number}"},
        **{"status": "open" if waits(number) else "won", "opened_at": moment(number)},
    },
    PaymentMethod: lambda number: {"provider_reference": f"pm-{number}", "is_default": False},
    ProviderEvent: _event,
    # Every other one waits, as after a month in which many used little.
    CarriedAmount: lambda number: {
        **{"kind": "other", "invoice_id": FIRST + number if number % 2 else None},
    },
    CreditNote: lambda number: {
        **{"invoice_id": FIRST + number, "credit_note_number": f"CN-{number}"},
        "issued_at": moment(number),
    },
    CreditEntry: lambda number: {"source": f"payment:{number}"},
    Coupon: lambda number: {"code": f"C{number}"},
    CouponUsage: lambda number: {
        **{"coupon_id": FIRST + number, "redeemed_at": moment(number), "discount_minor": 1},
    },
    CouponApplication: lambda number: {"usage_id": FIRST + number, "invoice_id": FIRST + number},
    CouponGuess: lambda number: {"guessed_at": moment(number)},
    Key: lambda number: {
        **{"public_id": f"key-{number:08}", "replaced_by": None, "last_used_at": NOW},
        "expires_at": NOW + timedelta(days=1) if waits(number) else None,
    },
    SignInSession: _session,
    MailToken: lambda number: {
        "digest": f"m{number}",
        "expires_at": NOW - timedelta(days=400) if waits(number) else NOW + timedelta(days=1),
    },
    Alert: lambda number: {"threshold": number, "crossed_at": moment(number)},
    ModelAlias: lambda number: {"alias": f"alias-{number}", "model_id": f"model-{number // 2}"},
    Mail: _mail,
    TokenEntry: lambda number: {"source": f"grant-{number}"},
    JournalEntry: lambda number: {
        "happened_at": moment(number),
        "action": f"act-{number % 50}",
        "actor": f"customer:{number % 50}",
    },
    IdempotencyKey: lambda number: {
        "scope": f"ada POST /{number}",
        "created_at": NOW - timedelta(days=400) if waits(number) else NOW,
    },
    OutboxEntry: lambda number: {"next_try_at": moment(number) if waits(number) else None},
}
