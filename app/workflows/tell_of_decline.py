"""Tell of a decline: what was to be paid is not, and what happens next."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import InvoiceStatus
from app.domain.mails import operations as mails
from app.domain.payments.declines import known_reason
from app.domain.payments.models import Payment
from app.domain.payments.rules import AUTHENTICATION_REQUIRED, next_charge_at
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscriptions


def tell_of_decline(payment: Payment, invoice: Invoice, account: Account, *, now: datetime) -> None:
    """Write to the customer whose saved card was declined for an invoice."""
    assert invoice.issued_at is not None, "only issued invoices are charged by themselves"
    next_try = next_charge_at(invoice.issued_at, now=now)
    period, _ = subscriptions.current_pair(account.id)
    ends_at = period.grace_ends_at if invoice.period_id == period.id else None
    facts: dict[str, object] = {
        "plan_name": catalog.plan(invoice.plan_id).name if invoice.plan_id else None,
        "invoice_number": invoice.invoice_number,
        "due_minor": payment.amount_minor,
        "decline_code": payment.decline_code,
        "grace_ends_at": None if ends_at is None else ends_at.isoformat(),
        "next_try_at": None if next_try is None else next_try.isoformat(),
    }
    mails.write("renewal_failed", account, about=payment.public_id, facts=facts, now=now)


def tell_of_declined_change(
    payment: Payment, draft: Invoice, account: Account, *, now: datetime
) -> None:
    """Write that a change of plan does not come, for its payment has failed after all."""
    if draft.status != InvoiceStatus.DRAFT or draft.plan_change_id is None:
        # He has given it up himself meanwhile, and may have paid for another plan.
        return
    accepted = plan_changes.plan_change(draft.plan_change_id)
    awaits_owner = payment.decline_code == AUTHENTICATION_REQUIRED
    is_held = awaits_owner and now < accepted.lapses_at
    facts: dict[str, object] = {
        "from_plan_name": catalog.plan(accepted.from_plan_id).name,
        "to_plan_name": catalog.plan(accepted.to_plan_id).name,
        "amount_minor": payment.amount_minor,
        # What has stopped a charge may be ours, and then it is no word of a bank.
        "reason": known_reason(payment.decline_code) or "",
        "held_until": accepted.lapses_at.isoformat() if is_held else None,
        "given_back_minor": 0 if is_held else draft.discount_minor + draft.credit_used_minor,
    }
    mails.write("change_declined", account, about=payment.public_id, facts=facts, now=now)
