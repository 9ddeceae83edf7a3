"""Lapse a purchase: the page closed without money, so the draft and what it held are given up."""

from datetime import datetime

from sqlalchemy import select

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries as invoice_queries
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import InvoiceStatus
from app.domain.payments import operations as payment_operations
from app.domain.payments import queries as payments
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions.changing import PlanChangeStatus
from app.domain.subscriptions.models import PlanChange
from app.foundation import outbox
from app.foundation.database import session

CLOSE_CHECKOUTS = "close_checkouts"


def lapse_purchase(invoice_id: int, *, reason: str, now: datetime) -> bool:
    """Void the draft with this row id unless somebody may still pay it; tell whether it lapsed.

    Money that comes all the same is an overpayment.
    """
    owner = session.scalars(select(Invoice.user_id).where(Invoice.id == invoice_id)).one()
    account = accounts.lock_accounts({owner})[owner]
    draft = payment_operations.locked_invoice(invoice_id)
    if draft.status != InvoiceStatus.DRAFT or payments.may_be_paid(draft, now=now):
        return False
    _give_up(draft, now=now)
    invoices.void(draft, account, reason=reason, now=now)
    return True


def _give_up(draft: Invoice, *, now: datetime) -> None:
    """Let the change of plan that the draft is for lapse, if it is for one."""
    if draft.plan_change_id is not None:
        accepted = plan_changes.plan_change(draft.plan_change_id)
        if accepted.status == PlanChangeStatus.OPEN:
            plan_changes.move(accepted, PlanChangeStatus.LAPSED, now=now)


def give_up_change(waiting: PlanChange, account: Account, *, reason: str, now: datetime) -> None:
    """Give up a change of the locked account that waits for its money, though it may yet come."""
    draft = invoice_queries.draft_of_change(waiting.id)
    _give_up(draft, now=now)
    void_and_close(draft, account, reason=reason, now=now)


def void_and_close(invoice: Invoice, account: Account, *, reason: str, now: datetime) -> None:
    """Void an invoice whose page may still be open; both are locked. Raises InvoiceNotVoidable."""
    invoices.void(invoice, account, reason=reason, now=now)
    # Money that comes before the page closes is sent back.
    outbox.add(CLOSE_CHECKOUTS, {"invoice": invoice.public_id}, now=now)
