"""What can be done with invoices. Changes state; never commits."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from app.domain.accounts.models import Account, BillingSettings
from app.domain.invoices import rules
from app.domain.invoices.models import CarriedAmount, Invoice, InvoiceCounter, InvoiceLine
from app.domain.invoices.rules import InvoiceStatus, Line
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import UsageCorrection
from app.foundation.bulk import add_to_rows
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.secret_keys import ALPHABET

PUBLIC_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells: copied onto every invoice at its issue."""

    name: str
    address: str
    country: str
    vat_id: str

    def document(self) -> dict[str, object]:
        """Return the seller as it stands on a document."""
        return {
            "name": self.name,
            "address": self.address,
            "country": self.country,
            "vat_id": self.vat_id,
        }


def issue_usage(
    account: Account,
    settings: BillingSettings,
    month: BillingMonth,
    lines: Sequence[Line],
    *,
    seller: Seller,
    now: datetime,
) -> Invoice:
    """Issue a month's usage invoice; the account is locked, and there is none yet."""
    invoice = Invoice(kind="usage", billing_month=str(month), due_at=now + rules.USAGE_DUE_AFTER)
    _issue(invoice, account, settings, lines, seller=seller, now=now)
    _take_up_what_waited(account, month, invoice)
    return invoice


def issue_plan(
    account: Account,
    settings: BillingSettings,
    period: SubscriptionPeriod,
    *,
    plan_name: str,
    seller: Seller,
    now: datetime,
) -> Invoice:
    """Issue the invoice of a plan's period, due at once; the account is locked."""
    invoice = Invoice(
        kind="subscription",
        billing_month=str(BillingMonth.of(now)),
        due_at=now,
        period_id=period.id,
        plan_id=period.plan_id,
    )
    line = rules.plan_line(
        plan_name,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        price_minor=period.price_minor,
    )
    _issue(invoice, account, settings, [line], seller=seller, now=now)
    return invoice


def carry(account: Account, month: BillingMonth, lines: Sequence[Line], *, now: datetime) -> None:
    """Keep a month's small amount for the next invoice, exact to the nano-dollar."""
    # What was carried or corrected before stays where it waits: only the month's own is added.
    own = sum(line.amount_nanos for line in lines if line.kind == "usage")
    if own:
        session.add(
            CarriedAmount(
                user_id=account.id,
                kind="usage",
                from_month=str(month),
                amount_nanos=own,
                created_at=now,
            )
        )


def mark_paid(invoice: Invoice, *, method: str, transaction_id: str, now: datetime) -> None:
    """Note that the invoice was paid in full. Raises InvoiceNotPayable."""
    rules.check_payable(invoice.status)
    invoice.status = InvoiceStatus.PAID
    invoice.paid_at = invoice.updated_at = now
    invoice.payment_method = method
    invoice.transaction_id = transaction_id


def content(invoice: Invoice, lines: Sequence[Line]) -> Mapping[str, object]:
    """Return everything an issued invoice says, for its digest."""
    names = ("user_id", "kind", "billing_month", "invoice_number", "currency", "amount_minor")
    sums = ("discount_minor", "tax_minor", "final_minor", "seller", "buyer")
    said = {name: getattr(invoice, name) for name in (*names, *sums)}
    dates = {name: getattr(invoice, name).isoformat() for name in ("issued_at", "due_at")}
    shown = [[line.description, line.quantity, line.amount_minor] for line in lines]
    return {**said, **dates, "currency": "USD", "lines": shown}


def _issue(
    invoice: Invoice,
    account: Account,
    settings: BillingSettings,
    lines: Sequence[Line],
    *,
    seller: Seller,
    now: datetime,
) -> None:
    """Number the invoice, copy both parties and the lines onto it, and seal it."""
    totals = rules.totals(lines)
    invoice.public_id = _new_public_id()
    invoice.user_id = account.id
    invoice.status = InvoiceStatus.ISSUED
    invoice.invoice_number = _next_number("INV", account, invoice.billing_month)
    invoice.amount_minor = totals.amount_minor
    invoice.discount_minor = totals.discount_minor
    invoice.tax_minor = totals.tax_minor
    invoice.final_minor = totals.final_minor
    invoice.seller = seller.document()
    invoice.buyer = _buyer(account, settings)
    invoice.issued_at = invoice.created_at = invoice.updated_at = now
    invoice.content_digest = rules.content_digest(content(invoice, lines))
    session.add(invoice)
    session.flush()
    session.add_all(_line_rows(invoice, lines))


def _next_number(series: str, account: Account, month: str) -> str:
    """Take the account's next number of the month: no gap, because it commits with its invoice."""
    keys = {"user_id": account.id, "series": series, "month": month}
    add_to_rows(InvoiceCounter, [{**keys, "last_number": 1}], keys=tuple(keys))
    counter = session.get_one(InvoiceCounter, tuple(keys.values()), populate_existing=True)
    return rules.number(
        series, account_number=account.number, month=month, position=counter.last_number
    )


def _new_public_id() -> str:
    return "inv-" + "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def _buyer(account: Account, settings: BillingSettings) -> dict[str, object]:
    return {
        "user_id": account.id,
        "name": account.name,
        "email": settings.billing_email or account.email,
        "address": settings.billing_address or "",
        "country": settings.country or "",
        "tax_id": settings.tax_id or "",
    }


def _line_rows(invoice: Invoice, lines: Sequence[Line]) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            invoice_id=invoice.id,
            position=position,
            kind=line.kind,
            description=line.description,
            model=line.model,
            quantity=line.quantity,
            unit_price_nanos=line.unit_price_nanos,
            amount_nanos=line.amount_nanos,
            amount_minor=line.amount_minor,
        )
        for position, line in enumerate(lines, start=1)
    ]


def _take_up_what_waited(account: Account, month: BillingMonth, invoice: Invoice) -> None:
    carried = update(CarriedAmount).where(
        CarriedAmount.user_id == account.id,
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
        CarriedAmount.from_month < str(month),
    )
    corrections = update(UsageCorrection).where(
        UsageCorrection.user_id == account.id, UsageCorrection.invoice_id.is_(None)
    )
    session.execute(carried.values(invoice_id=invoice.id))
    session.execute(corrections.values(invoice_id=invoice.id))
