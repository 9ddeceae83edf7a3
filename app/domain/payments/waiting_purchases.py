"""Purchases of extra tokens that wait for their customer: how each stands, and the way back to it.

Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import and_, or_, select

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.payments.queries import TOKENS
from app.domain.payments.rules import (
    AUTHENTICATION_REQUIRED,
    CHECKOUT,
    OFF_SESSION,
    PaymentStatus,
)
from app.domain.payments.top_ups import PURPOSE
from app.foundation.database import session

ATTEMPTS_MAX = 60


@dataclass(frozen=True, slots=True)
class WaitingPurchase:
    """A purchase that is drawn up and not paid, though something was tried for it."""

    invoice_id: str
    begun_at: datetime
    tokens: int
    final_minor: int
    # Nobody but automatic top-up has asked for it.
    is_by_itself: bool
    # The provider's page that is still open for it; without one, the bank wants to hear its owner.
    page_open: str | None


def waiting_purchases(account: Account, *, now: datetime) -> tuple[WaitingPurchase, ...]:
    """Return what the account's purchases of extra tokens wait for its owner with, newest first."""
    is_open = and_(Payment.status == PaymentStatus.PENDING, Payment.expires_at > now)
    awaits_owner = and_(Payment.method != CHECKOUT, Payment.decline_code == AUTHENTICATION_REQUIRED)
    attempts = (
        select(Invoice, TOKENS, Payment.method, Payment.checkout_url, is_open)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(
            Invoice.user_id == account.id,
            Invoice.kind == PURPOSE,
            Invoice.status == "draft",
            or_(and_(is_open, Payment.checkout_url.is_not(None)), awaits_owner),
        )
        .order_by(Invoice.id.desc(), Payment.id.desc())
        .limit(ATTEMPTS_MAX)
    )
    rows = [_Attempt(*row) for row in session.execute(attempts)]
    return tuple(_waiting(list(tried)) for _, tried in groupby(rows, lambda row: row.invoice.id))


class _Attempt(NamedTuple):
    invoice: Invoice
    tokens: int
    method: str
    checkout_url: str | None
    is_open: bool


def _waiting(tried: Sequence[_Attempt]) -> WaitingPurchase:
    invoice, tokens, *_ = tried[0]
    return WaitingPurchase(
        invoice_id=invoice.public_id,
        begun_at=invoice.created_at,
        tokens=tokens,
        final_minor=invoice.final_minor,
        is_by_itself=any(attempt.method == OFF_SESSION for attempt in tried),
        page_open=next((attempt.checkout_url for attempt in tried if attempt.is_open), None),
    )
