"""Renew subscriptions: periods that ended are followed by the next ones, which are invoiced.

Whoever posted usage first has rolled his period over already; here everyone is, and the price of
what began is asked for. Late, twice or on two machines: the same comes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.catalog import queries as catalog
from app.domain.invoices import operations as invoices
from app.domain.invoices import reasons, renewing, rules
from app.domain.invoices.bills import Bill, plan_bill
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Accounts, Seller
from app.domain.invoices.payers import payers
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.domain.payments import queries as payments
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import queries as periods
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation import journal
from app.workflows.lapse_purchase import void_and_close

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a part of the renewals came to; `invoices` are those that have to be paid."""

    looked_at: int
    invoices: tuple[Invoice, ...]


def renew_subscriptions(*, seller: Seller, grace: timedelta, now: datetime) -> Renewed:
    """Roll the next part of the ended periods over and invoice what began.

    Call it, each time in a transaction of its own, until it has looked at nobody.
    """
    user_ids = renewing.due_accounts(now=now, limit=AT_ONCE)
    locked = accounts.lock_accounts(user_ids)
    subscriptions.roll_over(periods.periods_since(user_ids, since=now), now=now, grace=grace)
    unpaid = renewing.uninvoiced_periods(user_ids, now=now)
    bills = _bills(unpaid, locked, seller=seller, now=now)
    drafts = invoices.draw_up(bills, locked, seller=seller, now=now)
    invoices.take_up_small_amounts(drafts)
    invoices.issue(drafts, locked, due_at=now, now=now)
    _expire(user_ids, locked, now=now)
    waiting = tuple(invoice for invoice in drafts if invoice.paid_at is None)
    _tell(waiting, unpaid, now=now)
    return Renewed(len(user_ids), waiting)


def _bills(
    unpaid: Sequence[SubscriptionPeriod], locked: Accounts, *, seller: Seller, now: datetime
) -> list[Bill]:
    names = _plan_names()
    owing = [locked[period.user_id] for period in unpaid]
    known = payers(owing, seller_country=seller.country)
    small = renewing.small_amounts([period.user_id for period in unpaid])
    return [
        plan_bill(
            known[period.user_id],
            [
                rules.plan_line(
                    names[period.plan_id],
                    starts_at=period.starts_at,
                    ends_at=period.ends_at,
                    price_minor=period.price_minor,
                ),
                *small.get(period.user_id, ()),
            ],
            plan_id=period.plan_id,
            period_id=period.id,
            now=now,
        )
        for period in unpaid
    ]


def _expire(user_ids: Sequence[str], locked: Accounts, *, now: datetime) -> None:
    """Void what was asked for periods whose grace has passed: the plan has expired instead."""
    expired = renewing.expired_invoices(user_ids)
    addresses = account_queries.addresses({invoice.user_id for invoice, _ in expired})
    names = _plan_names()
    letters = []
    for invoice, plan_id in expired:
        account = locked[invoice.user_id]
        void_and_close(invoice, account, reason=reasons.RENEWAL_UNPAID, now=now)
        invoices.let_wait_again(invoice)
        facts: dict[str, object] = {"plan_name": names[plan_id]}
        journal.write("plan_expired", actor="system", user_id=account.id, now=now, details=facts)
        address = addresses[account.id]
        letters.append(Letter("plan_expired", account.id, address, invoice.public_id, facts))
    mails.write_all(letters, now=now)


def _tell(
    waiting: Sequence[Invoice],
    unpaid: Sequence[SubscriptionPeriod],
    *,
    now: datetime,
) -> None:
    """Write to those whose saved card is not charged anyway."""
    by_id = {period.id: period for period in unpaid}
    with_card = payments.chargeable({invoice.user_id for invoice in waiting})
    told = [invoice for invoice in waiting if invoice.user_id not in with_card]
    addresses = account_queries.addresses({invoice.user_id for invoice in told})
    names = _plan_names()
    letters = []
    for invoice in told:
        assert invoice.period_id is not None, "a renewal is for its period"
        period = by_id[invoice.period_id]
        assert period.grace_ends_at is not None, "what is paid needs no reminder"
        facts: dict[str, object] = {
            "plan_name": names[period.plan_id],
            "invoice_number": invoice.invoice_number,
            "due_minor": invoice.final_minor - invoice.credit_used_minor,
            "grace_ends_at": period.grace_ends_at.isoformat(),
        }
        user_id, about = invoice.user_id, invoice.public_id
        letters.append(Letter("renewal_due", user_id, addresses[user_id], about, facts))
    mails.write_all(letters, now=now)


def _plan_names() -> dict[str, str]:
    return {plan.id: plan.name for plan in catalog.plans()}
