"""What can be done with invoices. Changes state; never commits."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, tuple_, update
from sqlalchemy.orm.attributes import set_committed_value

from app.domain.accounts.models import Account
from app.domain.coupons import operations as coupons
from app.domain.invoices import credit, queries, rules
from app.domain.invoices.bills import Bill
from app.domain.invoices.models import CarriedAmount, Invoice, InvoiceCounter, InvoiceLine
from app.domain.invoices.rules import InvoiceStatus, Line
from app.domain.subscriptions import operations as subscriptions
from app.domain.usage.models import UsageCorrection
from app.foundation.bulk import add_to_rows, any_of, change_rows, insert_rows
from app.foundation.database import session
from app.foundation.languages import ENGLISH
from app.foundation.periods import BillingMonth
from app.foundation.secret_keys import ALPHABET
from app.foundation.sentences import wording_of

PUBLIC_ID_LENGTH = 16
BY_CREDIT, BY_NOTHING = "account credit", "nothing due"
# What an issued invoice says besides its lines, and must not say otherwise later.
DATES = ("issued_at", "due_at")
SAID = (
    *("user_id", "kind", "billing_month", "invoice_number", "currency", "amount_minor"),
    *("discount_minor", "tax_minor", "final_minor", "seller", "buyer", "tax_rate_bp"),
    *("tax_name", "reverse_charge", "language", *DATES),
)
Accounts = Mapping[str, Account]


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


def draw_up(
    bills: Sequence[Bill], accounts: Accounts, *, seller: Seller, now: datetime
) -> list[Invoice]:
    """Write the bills down as drafts, which hold their coupons and credit; lock the accounts.

    A fixed number of statements, however many bills.
    """
    drafts = [_draft(bill, seller=seller, now=now) for bill in bills]
    insert_rows(Invoice, drafts)
    invoices = _drawn_up([str(draft["public_id"]) for draft in drafts])
    pairs = list(zip(invoices, bills, strict=True))
    insert_rows(
        InvoiceLine, [row for invoice, bill in pairs for row in _line_rows(invoice.id, bill.lines)]
    )
    coupons.apply(
        [(invoice.id, discount) for invoice, bill in pairs for discount in bill.discounts],
        now=now,
    )
    for invoice, bill in pairs:
        credit.spend(accounts[invoice.user_id], invoice, minor=bill.credit_used_minor, now=now)
    session.flush()
    return invoices


def issue(
    invoices: Sequence[Invoice], accounts: Accounts, *, due_at: datetime, now: datetime
) -> None:
    """Number and seal drafts; what has nothing due is paid at once. The accounts are locked.

    No two of the invoices may be of the same account and month.
    """
    months = [_month_of(invoice, now=now) for invoice in invoices]
    wanted = [(accounts[i.user_id], month) for i, month in zip(invoices, months, strict=True)]
    numbers = next_numbers("INV", wanted)
    lines = queries.lines_of([invoice.id for invoice in invoices])
    sealed = []
    for invoice, month in zip(invoices, months, strict=True):
        terms = {
            "status": rules.moved(invoice.status, InvoiceStatus.ISSUED),
            "billing_month": month,
            "invoice_number": numbers[invoice.user_id],
            "issued_at": now,
            "updated_at": now,
            "due_at": due_at,
            "language": accounts[invoice.user_id].locale,
        }
        _say(invoice, terms)
        digest = rules.content_digest(content(invoice, lines[invoice.id]))
        _say(invoice, {"content_digest": digest})
        sealed.append({"id": invoice.id, **terms, "content_digest": digest})
    change_rows(Invoice, sealed, key="id")
    for invoice in invoices:
        _carry_on(invoice, lines[invoice.id], now=now)
        if invoice.final_minor == invoice.credit_used_minor:
            by = BY_CREDIT if invoice.credit_used_minor else BY_NOTHING
            mark_paid(invoice, method=by, transaction_id=None, now=now)
            if invoice.period_id is not None:
                subscriptions.pay_period(invoice.period_id, now=now)
    session.flush()


def carry(bills: Sequence[Bill], *, now: datetime) -> None:
    """Keep the small amounts of a month for the next invoices, exact to the nano-dollar."""
    # What was carried or corrected before stays where it waits: only the month's own is added.
    own = [
        (bill, sum(li.amount_nanos for li in bill.lines if li.kind == "usage")) for bill in bills
    ]
    insert_rows(
        CarriedAmount,
        [
            {
                "user_id": bill.payer.user_id,
                "kind": "usage",
                "from_month": bill.billing_month,
                "amount_nanos": nanos,
                "created_at": now,
            }
            for bill, nanos in own
            if nanos
        ],
    )


def take_up_what_waited(invoices: Sequence[Invoice]) -> None:
    """Note that what was carried and corrected stands on these usage invoices of one month."""
    if invoices:
        month = invoices[0].billing_month
        before = or_(CarriedAmount.from_month < month, CarriedAmount.kind == "other")
        _take_up(CarriedAmount, invoices, CarriedAmount.forgiven_by.is_(None), before)
        _take_up(UsageCorrection, invoices)


def take_up_small_amounts(invoices: Sequence[Invoice]) -> None:
    """Note that the small amounts of earlier plan invoices stand on these."""
    if invoices:
        of_plans = CarriedAmount.kind == "other"
        _take_up(CarriedAmount, invoices, CarriedAmount.forgiven_by.is_(None), of_plans)


def take_over(old: Invoice, new: Invoice) -> None:
    """Let what stood on a voided invoice stand on the one that takes its place."""
    old.replaced_by_id = new.id
    for waiting in (CarriedAmount, UsageCorrection):
        moved = update(waiting).where(waiting.invoice_id == old.id).values(invoice_id=new.id)
        session.execute(moved, execution_options={"synchronize_session": False})


def let_wait_again(invoice: Invoice) -> None:
    """Let the small amounts on an invoice that nobody has forgiven wait for the next one."""
    back = update(CarriedAmount).where(CarriedAmount.invoice_id == invoice.id)
    session.execute(back.values(invoice_id=None), execution_options={"synchronize_session": False})


def mark_paid(invoice: Invoice, *, method: str, transaction_id: str | None, now: datetime) -> None:
    """Note that the invoice was paid in full. Raises InvoiceNotPayable."""
    rules.check_payable(invoice.status)
    invoice.status = rules.moved(invoice.status, InvoiceStatus.PAID)
    invoice.paid_at = invoice.updated_at = now
    invoice.payment_method = method
    invoice.transaction_id = transaction_id


def void(invoice: Invoice, account: Account, *, reason: str, now: datetime) -> None:
    """Take an unpaid invoice back: what it asked for is forgiven, coupons and credit come back.

    Both are locked. Raises InvoiceNotVoidable.
    """
    rules.check_voidable(invoice.status)
    coupons.give_back(invoice.id, now=now)
    credit.return_spent(account, invoice, minor=invoice.credit_used_minor, now=now)
    invoice.status = rules.moved(invoice.status, InvoiceStatus.VOID)
    invoice.voided_at = invoice.updated_at = now
    invoice.void_reason = reason
    session.flush()


def mark_refunded(invoice: Invoice, *, now: datetime) -> None:
    """Note that all of a paid invoice was given back."""
    invoice.status = rules.moved(invoice.status, InvoiceStatus.REFUNDED)
    invoice.updated_at = now


def replace_lines(invoice: Invoice, lines: Sequence[Line]) -> None:
    """Say the same amounts of a draft in other words: its dates are known only at its issue."""
    assert invoice.status == InvoiceStatus.DRAFT, "an issued invoice never changes"
    rows = session.scalars(
        select(InvoiceLine).filter_by(invoice_id=invoice.id).order_by(InvoiceLine.position)
    ).all()
    for row, line in zip(rows, lines, strict=True):
        assert row.amount_minor == line.amount_minor, "amounts were fixed when it was drawn up"
        row.description, row.wording = str(line.description), wording_of(line.description)
    session.flush()


def content(invoice: Invoice, lines: Sequence[Line]) -> Mapping[str, object]:
    """Return everything an issued invoice says, for its digest."""
    said = {name: getattr(invoice, name) for name in SAID if name not in ("language", *DATES)}
    dates = {name: getattr(invoice, name).isoformat() for name in DATES}
    shown = [[line.description, line.quantity, line.amount_minor] for line in lines]
    told: dict[str, object] = {**said, **dates, "currency": "USD", "lines": shown}
    # What was issued in English alone was sealed without its wordings, and stays as it is.
    wordings = [wording_of(line.description) for line in lines]
    if invoice.language != ENGLISH:
        told["language"] = invoice.language
    if any(wordings):
        told["wordings"] = wordings
    return told


def next_numbers(series: str, wanted: Sequence[tuple[Account, str]]) -> dict[str, str]:
    """Take the next number of each account and month; return the numbers by account.

    No gap arises, because a number commits with its document.
    """
    keys = [(account.id, series, month) for account, month in wanted]
    assert len({user_id for user_id, _, _ in keys}) == len(keys), "one document of each account"
    rows = [
        {"user_id": user_id, "series": series, "month": month, "last_number": 1}
        for user_id, series, month in keys
    ]
    add_to_rows(InvoiceCounter, rows, keys=("user_id", "series", "month"))
    counter = InvoiceCounter
    columns = tuple_(counter.user_id, counter.series, counter.month)
    taken = select(counter.user_id, counter.last_number).where(columns.in_(keys))
    last = {user_id: number for user_id, number in session.execute(taken)}
    return {
        account.id: rules.number(
            series, account_number=account.number, month=month, position=last[account.id]
        )
        for account, month in wanted
    }


def _take_up(
    waiting: type[CarriedAmount | UsageCorrection],
    invoices: Sequence[Invoice],
    *conditions: ColumnElement[bool],
) -> None:
    ids = [invoice.id for invoice in invoices]
    theirs = select(Invoice.id).where(any_of(Invoice.id, ids), Invoice.user_id == waiting.user_id)
    statement = update(waiting).where(
        any_of(waiting.user_id, [invoice.user_id for invoice in invoices]),
        waiting.invoice_id.is_(None),
        *conditions,
    )
    taken = statement.values(invoice_id=theirs.scalar_subquery())
    session.execute(taken, execution_options={"synchronize_session": False})


def _month_of(invoice: Invoice, *, now: datetime) -> str:
    # Usage is numbered in the month that it was used in, all else in the month of its issue.
    return invoice.billing_month if invoice.kind == "usage" else str(BillingMonth.of(now))


def _say(invoice: Invoice, terms: Mapping[str, object]) -> None:
    """Let the object say what its row does, which is written with many others in one statement."""
    for name, value in terms.items():
        set_committed_value(invoice, name, value)


def _draft(bill: Bill, *, seller: Seller, now: datetime) -> dict[str, object]:
    totals, taxation = bill.totals, bill.payer.taxation
    return {
        "public_id": _public_id(),
        "user_id": bill.payer.user_id,
        "kind": bill.kind,
        "billing_month": bill.billing_month,
        "status": InvoiceStatus.DRAFT,
        "period_id": bill.period_id,
        "plan_id": bill.plan_id,
        "plan_change_id": bill.plan_change_id,
        "currency": "USD",
        "amount_minor": totals.amount_minor,
        "discount_minor": totals.discount_minor,
        "tax_minor": totals.tax_minor,
        "final_minor": totals.final_minor,
        "credit_used_minor": bill.credit_used_minor,
        "tax_rate_bp": taxation.rate_bp,
        "tax_name": taxation.name,
        "reverse_charge": taxation.reverse_charge,
        "seller": seller.document(),
        "buyer": dict(bill.payer.buyer),
        # Of its payment pages; its issue fixes the one of its documents.
        "language": bill.payer.language,
        "notes": bill.notes,
        "created_at": now,
        "updated_at": now,
    }


def _public_id() -> str:
    left, letters = secrets.randbelow(len(ALPHABET) ** PUBLIC_ID_LENGTH), []
    for _ in range(PUBLIC_ID_LENGTH):
        left, letter = divmod(left, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "inv-" + "".join(letters)


def _drawn_up(public_ids: Sequence[str]) -> list[Invoice]:
    """Return the invoices of these ids, in their order."""
    found = select(Invoice).where(any_of(Invoice.public_id, public_ids))
    by_id = {invoice.public_id: invoice for invoice in session.scalars(found)}
    return [by_id[public_id] for public_id in public_ids]


def _line_rows(invoice_id: int, lines: Sequence[Line]) -> list[dict[str, object]]:
    return [
        {
            "invoice_id": invoice_id,
            "position": position,
            "kind": line.kind,
            "description": str(line.description),
            "wording": wording_of(line.description),
            "model": line.model,
            "quantity": line.quantity,
            "unit_price_nanos": line.unit_price_nanos,
            "amount_nanos": line.amount_nanos,
            "amount_minor": line.amount_minor,
            "credited_minor": 0,
        }
        for position, line in enumerate(lines, start=1)
    ]


def _carry_on(invoice: Invoice, lines: Sequence[Line], *, now: datetime) -> None:
    """Keep for the next invoice what is too little to be paid with this one."""
    for line in lines:
        if line.kind == "carried_on":
            session.add(
                CarriedAmount(
                    user_id=invoice.user_id,
                    kind="other",
                    from_month=str(BillingMonth.of(now)),
                    amount_nanos=-line.amount_nanos,
                    created_at=now,
                )
            )
