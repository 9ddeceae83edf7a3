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
    UNDECIDED,
    PaymentStatus,
)
from app.domain.payments.top_ups import PURPOSE
from app.domain.subscriptions.changing import held_terms
from app.domain.subscriptions.models import PlanChange
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


@dataclass(frozen=True, slots=True)
class TriedForChange:
    """What was tried to pay a change of plan that is not paid."""

    # The provider's page that is open for it.
    page_open: str | None
    # Its customer has paid as far as he can; or his saved card is being asked just now.
    is_on_its_way: bool
    # The bank only wants to hear the card's owner.
    awaits_owner: bool
    # What was agreed to, and when: so he goes on, whatever a preview would come to by now.
    terms: str
    agreed_at: datetime


def terms_held(accepted: PlanChange, draft: Invoice) -> str:
    """Return what an accepted change comes to, as the terms of its preview began."""
    return held_terms(
        due_minor=draft.final_minor - draft.credit_used_minor,
        credit_minor=accepted.credit_minor,
        charge_minor=accepted.charge_minor,
        quota_change=accepted.quota_change,
    )


def tried_for_change(plan_change_id: int, *, now: datetime) -> TriedForChange:
    """Return what was tried to pay a change of plan, in one statement."""
    attempts = (
        select(Payment, Invoice, PlanChange)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .join(PlanChange, PlanChange.id == Invoice.plan_change_id)
        .where(PlanChange.id == plan_change_id)
        .order_by(Payment.id.desc())
        .limit(ATTEMPTS_MAX)
    )
    rows = session.execute(attempts.execution_options(populate_existing=True)).all()
    tried = [attempt for attempt, *_ in rows]
    # An attempt is written down together with what it is to pay.
    newest, draft, accepted = rows[0]
    pages = (
        attempt.checkout_url
        for attempt in tried
        if attempt.status == PaymentStatus.PENDING
        and attempt.expires_at
        and attempt.expires_at > now
    )
    # A page always has its end; whatever has none and is undecided is paid by itself, or is not.
    on_its_way = [one for one in tried if one.status in UNDECIDED and one.expires_at is None]
    return TriedForChange(
        page_open=next(pages, None),
        is_on_its_way=bool(on_its_way),
        awaits_owner=newest.decline_code == AUTHENTICATION_REQUIRED,
        terms=terms_held(accepted, draft),
        agreed_at=accepted.accepted_at,
    )


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
