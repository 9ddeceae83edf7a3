"""Generate an invoice: a customer asks for a month's usage invoice before we send it."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import closing, queries, rules
from app.domain.invoices.errors import MonthInFuture, NothingToInvoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.views import InvoiceView
from app.foundation import journal
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say
from app.workflows.announce_invoices import announce_invoices


@dataclass(frozen=True, slots=True)
class GeneratedInvoice:
    """The invoice, and whether this call issued it."""

    invoice: InvoiceView
    is_new: bool


def generate_invoice(
    account: Account, month: BillingMonth, *, seller: Seller, now: datetime
) -> GeneratedInvoice:
    """Return the month's usage invoice: the one that stands, a new one, or the running draft.

    Raises MonthInFuture and NothingToInvoice.
    """
    if month > BillingMonth.of(now):
        raise MonthInFuture(say("{month} has not begun.", {"month": str(month)}))
    if now < rules.closes_at(month):
        return GeneratedInvoice(
            queries.draft_of(account, month, seller_country=seller.country), is_new=False
        )
    locked = accounts.lock_in_use(account.id)
    standing = queries.find_usage_invoice(locked, month)
    is_new = standing is None
    if standing is None:
        closed = closing.close_accounts([locked], month, seller=seller, now=now)
        if not closed.issued:
            raise _nothing(month, carried=bool(closed.carried))
        (standing,) = closed.issued
        announce_invoices(closed.issued, now=now)
        closing.note_closed(month, user_id=account.id, now=now)
        details = {"invoice": standing.invoice_number}
        actor = f"customer:{account.id}"
        journal.write(
            "invoice_generated", actor=actor, user_id=account.id, now=now, details=details
        )
    found = queries.invoice_of(locked, standing.public_id, now=now)
    return GeneratedInvoice(found, is_new=is_new)


def _nothing(month: BillingMonth, *, carried: bool) -> NothingToInvoice:
    # Raised, it takes the carrying back: only a close of the month carries.
    if carried:
        return NothingToInvoice(
            say(
                "What is due for {month} is less than 0.50 USD:"
                " it will come onto the next invoice.",
                {"month": str(month)},
            )
        )
    return NothingToInvoice(say("Nothing is due for {month}.", {"month": str(month)}))
