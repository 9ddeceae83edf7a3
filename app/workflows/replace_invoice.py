"""Replace an invoice: it is voided, and the same is billed anew with what is right today.

The lines stay as they were; parties, tax, coupons and credit are those of now.
"""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries, rules
from app.domain.invoices.bills import plan_bill, usage_bill
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.payers import payer as payer_of
from app.foundation import journal
from app.workflows.announce_invoices import announce_invoices
from app.workflows.void_invoice import void_invoice


def replace_invoice(
    reference: str, *, reason: str, seller: Seller, actor: str, now: datetime
) -> Invoice:
    """Return the invoice that takes the place of an unpaid one, given by number or id.

    Raises ReasonInvalid, UnknownInvoice and InvoiceNotVoidable.
    """
    old = void_invoice(reference, reason=reason, actor=actor, now=now)
    account = accounts.lock_accounts({old.user_id})[old.user_id]
    lines = queries.lines_of([old.id])[old.id]
    payer = payer_of(account, seller_country=seller.country)
    if old.kind == "usage":
        bill, due_at = usage_bill(payer, lines, month=old.billing_month), rules.due_at("usage", now)
    else:
        plan_id = old.plan_id or payer.plan_id
        bill = plan_bill(payer, lines, plan_id=plan_id, period_id=old.period_id, now=now)
        due_at = rules.due_at(old.kind, now)
    (new,) = invoices.draw_up([bill], {account.id: account}, seller=seller, now=now)
    invoices.take_over(old, new)
    invoices.issue([new], {account.id: account}, due_at=due_at, now=now)
    announce_invoices([new], now=now)
    details: dict[str, object] = {"old": old.invoice_number, "new": new.invoice_number}
    journal.write("invoice_replaced", actor=actor, user_id=account.id, now=now, details=details)
    return new
