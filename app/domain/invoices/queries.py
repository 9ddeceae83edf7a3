"""Questions about invoices. Reads only, and always for one account."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal, or_, select

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices import billable, bills, payers, reasons, rules
from app.domain.invoices.errors import UnknownInvoice
from app.domain.invoices.models import CarriedAmount, CreditNote, Invoice, InvoiceLine
from app.domain.invoices.rules import Line
from app.domain.invoices.views import (
    ALL_INVOICES,
    Discount,
    InvoicesPage,
    InvoicesWanted,
    InvoiceView,
)
from app.foundation.bulk import any_of
from app.foundation.database import Whole, session
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say, told

DRAFT_ID = "draft"
DRAFT = re.compile(r"draft-(2[0-9]{3}-(?:0[1-9]|1[0-2]))")
REFERENCE = re.compile(r"[0-9A-Za-z-]{1,64}")
# What credit notes took back of an invoice, with tax.
CREDITED = (
    select(func.coalesce(cast(func.sum(CreditNote.amount_minor + CreditNote.tax_minor), Whole), 0))
    .where(CreditNote.invoice_id == Invoice.id)
    .correlate(Invoice)
    .scalar_subquery()
)


def invoices_page(
    account: Account,
    *,
    page: int,
    page_size: int,
    now: datetime,
    wanted: InvoicesWanted = ALL_INVOICES,
) -> InvoicesPage:
    """Return a page of the account's issued invoices, newest first: all, or those wanted."""
    ours = (
        Invoice.user_id == account.id,
        Invoice.issued_at.is_not(None),
        *_wanted(wanted, now=now),
    )
    counted = select(func.count(Invoice.id)).where(*ours)
    newest = select(Invoice, CREDITED, counted.scalar_subquery()).where(*ours)
    newest = newest.order_by(Invoice.issued_at.desc(), Invoice.id.desc())
    rows = session.execute(newest.limit(page_size).offset((page - 1) * page_size)).all()
    total = rows[0][2] if rows else 0
    if not rows and page > 1:
        # A page beyond the last one has no row that could tell how many there are.
        total = session.scalars(counted).one()
    views = (view(row, now=now, credited_minor=credited) for row, credited, _ in rows)
    return InvoicesPage(tuple(views), total)


def unpaid_invoices(account: Account, *, now: datetime) -> tuple[InvoiceView, ...]:
    """Return what the account has to pay, what is due first first."""
    status = rules.InvoiceStatus.ISSUED
    ours = select(Invoice).where(Invoice.user_id == account.id, Invoice.status == status)
    return tuple(view(row, now=now) for row in session.scalars(ours.order_by(Invoice.due_at)))


def invoice_of(
    account: Account, reference: str, *, now: datetime, seller_country: str = ""
) -> InvoiceView:
    """Return the account's invoice by id or number, with its lines. Raises UnknownInvoice.

    A running month's draft has an id too: draft-2026-11; its tax depends on the seller's country.
    """
    draft = DRAFT.fullmatch(reference)
    month = None if draft is None else BillingMonth.parse(draft[1])
    if month is not None and month <= BillingMonth.of(now) and now < rules.closes_at(month):
        return draft_of(account, month, seller_country=seller_country)
    row, credited_minor = _row_and_credited(account, reference)
    return view(
        row,
        now=now,
        lines=lines_of([row.id])[row.id],
        discounts=_discounts(row),
        credited_minor=credited_minor,
    )


def invoice_row(account: Account, reference: str) -> Invoice:
    """Return the account's issued invoice by id or number. Raises UnknownInvoice."""
    return _row_and_credited(account, reference)[0]


def _row_and_credited(account: Account, reference: str) -> tuple[Invoice, int]:
    named = or_(Invoice.public_id == reference, Invoice.invoice_number == reference)
    ours = select(Invoice, CREDITED).where(
        Invoice.user_id == account.id, Invoice.issued_at.is_not(None), named
    )
    # Whatever else was asked for is no reference, and some of it no text for a database.
    known = REFERENCE.fullmatch(reference) is not None
    refreshed = ours.execution_options(populate_existing=True)
    found = session.execute(refreshed).first() if known else None
    if found is None:
        raise UnknownInvoice(say("You have no invoice with this number."))
    row, credited_minor = found
    return row, credited_minor


def old_drafts(
    *, of_plans_before: datetime, before: datetime, but_not: ColumnElement[bool], limit: int
) -> Sequence[int]:
    """Return the row ids of drafts of purchases that nobody has paid for so long."""
    old = or_(
        Invoice.updated_at < before,
        and_(Invoice.kind == "subscription", Invoice.updated_at < of_plans_before),
    )
    drafts = select(Invoice.id).where(Invoice.status == rules.InvoiceStatus.DRAFT, old, ~but_not)
    return session.scalars(drafts.order_by(Invoice.id).limit(limit)).all()


def issued_invoice(reference: str) -> Invoice:
    """Return an issued invoice of any account, for operators. Raises UnknownInvoice."""
    named = or_(Invoice.public_id == reference, Invoice.invoice_number == reference)
    issued = select(Invoice).where(named, Invoice.issued_at.is_not(None))
    row = session.scalar(issued) if REFERENCE.fullmatch(reference) is not None else None
    if row is None:
        raise UnknownInvoice(say("There is no invoice with this number."))
    return row


def top_up_draft(account: Account, reference: str) -> Invoice:
    """Return the account's unpaid purchase of extra tokens by its id. Raises UnknownInvoice."""
    row = _find_top_up(account, reference)
    if row is None or row.status != rules.InvoiceStatus.DRAFT:
        raise UnknownInvoice(say("This purchase is not open any more."))
    return row


def top_up_of(account: Account, reference: str, *, now: datetime) -> InvoiceView:
    """Return a purchase of extra tokens by its id, paid, open or lapsed. Raises UnknownInvoice."""
    row = _find_top_up(account, reference)
    if row is None:
        raise UnknownInvoice(say("You have no purchase of extra tokens with this id."))
    return view(row, now=now, lines=lines_of([row.id])[row.id])


def _find_top_up(account: Account, reference: str) -> Invoice | None:
    ours = select(Invoice).where(Invoice.user_id == account.id, Invoice.kind == "topup")
    named = ours.where(Invoice.public_id == reference).execution_options(populate_existing=True)
    return session.scalar(named) if REFERENCE.fullmatch(reference) is not None else None


def find_usage_invoice(account: Account, month: BillingMonth) -> Invoice | None:
    """Return the account's usage invoice of a month, if it was issued and not voided."""
    statement = select(Invoice).where(
        Invoice.user_id == account.id,
        Invoice.kind == "usage",
        Invoice.billing_month == str(month),
        Invoice.status != rules.InvoiceStatus.VOID,
    )
    return session.scalar(statement)


def net_paid_minor(period_id: int) -> int:
    """Return what was paid for a period: net of tax and coupons, less what was taken back."""
    return max(int(session.scalar(select(net_paid_of(literal(period_id)))) or 0), 0)


def net_paid_of(period_id: ColumnElement[int]) -> ColumnElement[Any]:
    """Return the same as an expression; null where no invoice of the period is paid."""
    net = func.sum(Invoice.amount_minor - Invoice.discount_minor)
    paid = select(net).where(Invoice.period_id == period_id, Invoice.paid_at.is_not(None))
    # What an earlier upgrade was too small for stands on the invoice, but was for another period.
    carried = (
        select(func.coalesce(func.sum(InvoiceLine.amount_minor), 0))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.period_id == period_id, InvoiceLine.kind == "carried")
        .where(Invoice.paid_at.is_not(None))
    )
    taken_back = (
        select(func.coalesce(func.sum(CreditNote.amount_minor), 0))
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .where(Invoice.period_id == period_id)
    )
    less = carried.scalar_subquery() + taken_back.scalar_subquery()
    return paid.scalar_subquery() - less


def is_billed(user_id: str, month: str) -> bool:
    """Tell whether the month's usage stands on an invoice or is carried, and is not forgiven."""
    invoiced = select(Invoice.id).where(
        Invoice.user_id == user_id,
        Invoice.kind == "usage",
        Invoice.billing_month == month,
        Invoice.status.not_in((rules.InvoiceStatus.DRAFT, rules.InvoiceStatus.VOID)),
    )
    carried = select(CarriedAmount.id).where(
        CarriedAmount.user_id == user_id,
        CarriedAmount.kind == "usage",
        CarriedAmount.from_month == month,
        CarriedAmount.forgiven_by.is_(None),
    )
    return session.scalar(select(or_(invoiced.exists(), carried.exists()))) or False


def has_old_debt(account: Account, *, now: datetime) -> bool:
    """Tell whether an unpaid usage invoice is overdue for so long that the account is suspended."""
    old = select(Invoice.id).where(
        Invoice.user_id == account.id,
        Invoice.kind == "usage",
        Invoice.status == rules.InvoiceStatus.ISSUED,
        Invoice.due_at <= now - rules.SUSPENDED_AFTER,
    )
    return session.scalar(old.limit(1)) is not None


def draft_of_change(plan_change_id: int) -> Invoice:
    """Return the invoice of an accepted change of plan."""
    return session.scalars(select(Invoice).filter_by(plan_change_id=plan_change_id)).one()


def draft_of(account: Account, month: BillingMonth, *, seller_country: str = "") -> InvoiceView:
    """Return what the month's usage invoice would say if it were issued now; nothing is stored."""
    lines = billable.usage_lines([account.id], month)[account.id]
    payer = payers.payer(account, seller_country=seller_country)
    bill = bills.usage_bill(payer, lines, month=str(month))
    totals = bill.totals
    return InvoiceView(
        id=f"{DRAFT_ID}-{month}",
        user_id=account.id,
        kind="usage",
        billing_month=str(month),
        status=rules.InvoiceStatus.DRAFT,
        invoice_number=None,
        currency="USD",
        amount_minor=totals.amount_minor,
        discount_minor=totals.discount_minor,
        tax_minor=totals.tax_minor,
        final_minor=totals.final_minor,
        credit_used_minor=bill.credit_used_minor,
        issued_at=None,
        due_at=None,
        paid_at=None,
        payment_method=None,
        seller={},
        buyer={},
        notes="",
        lines=tuple(lines),
        tax_name=payer.taxation.name,
        tax_rate_bp=payer.taxation.rate_bp,
        reverse_charge=payer.taxation.reverse_charge,
        discounts=tuple(Discount(_coupon_name(each.code), each.minor) for each in bill.discounts),
    )


def lines_of(invoice_ids: Collection[int]) -> dict[int, list[Line]]:
    """Return the lines of each of these issued invoices and drafts, by its id."""
    lines: dict[int, list[Line]] = {invoice_id: [] for invoice_id in invoice_ids}
    row = InvoiceLine
    columns = (row.kind, row.description, row.wording, row.model, row.quantity)
    amounts = (row.unit_price_nanos, row.amount_nanos, row.amount_minor)
    found = select(row.invoice_id, *columns, *amounts).where(any_of(row.invoice_id, invoice_ids))
    ordered = found.order_by(row.invoice_id, row.position)
    for invoice_id, kind, text, wording, model, quantity, price, nanos, minor in session.execute(
        ordered
    ):
        description = told(text, wording)
        lines[invoice_id].append(Line(kind, description, model, quantity, price, nanos or 0, minor))
    return lines


def view(
    row: Invoice,
    *,
    now: datetime,
    lines: Sequence[Line] = (),
    discounts: Sequence[Discount] = (),
    credited_minor: int = 0,
) -> InvoiceView:
    """Return what customers see of a row."""
    return InvoiceView(
        id=row.public_id,
        user_id=row.user_id,
        kind=row.kind,
        billing_month=row.billing_month,
        status=rules.shown_status(row.status, due_at=row.due_at, now=now),
        invoice_number=row.invoice_number,
        currency=row.currency,
        amount_minor=row.amount_minor,
        discount_minor=row.discount_minor,
        tax_minor=row.tax_minor,
        final_minor=row.final_minor,
        credit_used_minor=row.credit_used_minor,
        issued_at=row.issued_at,
        due_at=row.due_at,
        paid_at=row.paid_at,
        payment_method=row.payment_method,
        seller=row.seller,
        buyer=row.buyer,
        notes=row.notes,
        lines=tuple(lines),
        tax_name=row.tax_name,
        tax_rate_bp=row.tax_rate_bp,
        reverse_charge=row.reverse_charge,
        transaction_id=row.transaction_id,
        discounts=tuple(discounts),
        voided_at=row.voided_at,
        void_reason=reasons.read_again(row.void_reason) if row.void_reason else None,
        credited_minor=credited_minor,
        language=row.language,
    )


def _wanted(wanted: InvoicesWanted, *, now: datetime) -> Iterator[ColumnElement[bool]]:
    if wanted.kind is not None:
        yield Invoice.kind == wanted.kind
    if wanted.status is not None:
        is_open = wanted.status in (rules.OPEN, rules.OVERDUE)
        yield Invoice.status == (rules.InvoiceStatus.ISSUED if is_open else wanted.status)
    # Overdue is not stored, but told by the due date; open is either.
    if wanted.status == rules.InvoiceStatus.ISSUED:
        yield Invoice.due_at > now
    if wanted.status == rules.OVERDUE:
        yield Invoice.due_at <= now


def _discounts(row: Invoice) -> list[Discount]:
    """Return what coupons took off the invoice at its issue, in the order of their redemption."""
    if not row.discount_minor:
        return []
    # What was given back later, when the invoice was voided, had been on it all the same.
    statement = (
        select(Coupon.code, CouponApplication.discount_minor)
        .join(CouponUsage, CouponUsage.coupon_id == Coupon.id)
        .join(CouponApplication, CouponApplication.usage_id == CouponUsage.id)
        .where(CouponApplication.invoice_id == row.id)
        .order_by(CouponUsage.redeemed_at, CouponUsage.id)
    )
    return [Discount(_coupon_name(code), minor) for code, minor in session.execute(statement)]


def _coupon_name(code: str) -> str:
    return say("Coupon {code}", {"code": code})
