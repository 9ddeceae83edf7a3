"""What stands on an invoice, in which order it is worked out, and what happens to it. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.invoices import line_words
from app.domain.invoices.errors import (
    InvoiceNotPayable,
    InvoiceNotVoidable,
    MonthInFuture,
    MonthNotOver,
)
from app.foundation import money
from app.foundation.periods import BillingMonth
from app.foundation.sentences import Day, Sentence, say

# An hour for the gateway's last posts before a month is closed.
CLOSES_AFTER = timedelta(hours=1)
USAGE_DUE_AFTER = timedelta(days=30)
# How long after its due date a usage invoice suspends the account.
SUSPENDED_AFTER = timedelta(days=30)
# Less than this is not worth a card's fee, and no provider takes it.
LEAST_MINOR = 50
UNIT_PRICE_STEP_NANOS = 1000


class InvoiceStatus(StrEnum):
    """Where an invoice stands; overdue is not stored but told by its due date."""

    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"
    REFUNDED = "refunded"
    VOID = "void"


# From which state an invoice may go where; what is not here is refused.
TRANSITIONS: Mapping[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.DRAFT: frozenset({InvoiceStatus.ISSUED, InvoiceStatus.VOID}),
    InvoiceStatus.ISSUED: frozenset({InvoiceStatus.PAID, InvoiceStatus.VOID}),
    InvoiceStatus.PAID: frozenset({InvoiceStatus.REFUNDED}),
    InvoiceStatus.REFUNDED: frozenset(),
    InvoiceStatus.VOID: frozenset(),
}
OVERDUE = "overdue"
# What is to be paid, overdue or not.
OPEN = "open"
# Where an invoice stands, as refusals name it.
STATUS_WORDS: Mapping[str, Sentence] = {
    InvoiceStatus.DRAFT: say("draft"),
    InvoiceStatus.ISSUED: say("issued"),
    OVERDUE: say("overdue"),
    InvoiceStatus.PAID: say("paid"),
    InvoiceStatus.REFUNDED: say("refunded"),
    InvoiceStatus.VOID: say("void"),
}


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """A model's overage in a billing month and what it came to."""

    model: str
    overage_tokens: int
    final_nanos: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An exact amount that comes onto the invoice besides its month's usage; signed."""

    kind: str
    description: str
    amount_nanos: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its exact amount and the cents that it got."""

    kind: str
    # A sentence, or where it was written before sentences were kept its English text.
    description: str
    model: str | None
    quantity: int
    unit_price_nanos: int | None
    amount_nanos: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums at the foot of an invoice, in the order in which they are worked out."""

    amount_minor: int
    discount_minor: int
    tax_minor: int

    @property
    def final_minor(self) -> int:
        """Return what is to be paid."""
        return self.amount_minor - self.discount_minor + self.tax_minor


def usage_lines(usage: Sequence[ModelUsage], adjustments: Sequence[Adjustment]) -> list[Line]:
    """Return the lines of a usage invoice: models by name, then what was carried or corrected.

    The exact sum is rounded to cents once; the lines share those cents by largest remainder.
    """
    billed = sorted((model for model in usage if model.final_nanos), key=lambda each: each.model)
    exact = [model.final_nanos for model in billed] + [each.amount_nanos for each in adjustments]
    cents = money.minor_parts_from_nanos(exact)
    lines = [
        _usage_line(model, minor) for model, minor in zip(billed, cents[: len(billed)], strict=True)
    ]
    rest = cents[len(billed) :]
    return lines + [_adjusting_line(*pair) for pair in zip(adjustments, rest, strict=True)]


def plan_line(plan_name: str, *, starts_at: datetime, ends_at: datetime, price_minor: int) -> Line:
    """Return the line of a plan's period."""
    return Line(
        kind="plan",
        description=line_words.plan_for(plan_name, starts_at=starts_at, ends_at=ends_at),
        model=None,
        quantity=1,
        unit_price_nanos=None,
        amount_nanos=money.nanos_from_minor(price_minor),
        amount_minor=price_minor,
    )


def carried_line(from_month: str, *, nanos: int) -> Line:
    """Return the line of a small amount that an earlier plan invoice did not ask for."""
    minor = money.minor_from_nanos(nanos)
    return Line("carried", line_words.carried_from(from_month), None, 1, None, nanos, minor)


def totals(lines: Sequence[Line], *, discount_minor: int = 0, tax_rate_bp: int = 0) -> Totals:
    """Work out the foot: lines, less discounts, plus tax on what is left."""
    amount_minor = sum(line.amount_minor for line in lines)
    tax_minor = money.percentage_minor(amount_minor - discount_minor, basis_points=tax_rate_bp)
    return Totals(amount_minor, discount_minor, tax_minor)


def is_too_small(amount_minor: int) -> bool:
    """Tell whether an amount is carried onto the next invoice instead of being issued."""
    return amount_minor < LEAST_MINOR


def check_closable(month: BillingMonth, *, now: datetime) -> None:
    """Refuse to close a month that has not been over for an hour."""
    if month > BillingMonth.of(now):
        raise MonthInFuture(say("{month} has not begun.", {"month": str(month)}))
    if now < closes_at(month):
        opens_at = closes_at(month)
        places = {"month": str(month), "day": Day(opens_at), "time": f"{opens_at:%H:%M}"}
        raise MonthNotOver(say("{month} can be closed from {day}, {time} UTC on.", places))


def closes_at(month: BillingMonth) -> datetime:
    """Return the moment from which a month may be closed."""
    return month.period.ends_at + CLOSES_AFTER


def due_at(kind: str, issued_at: datetime) -> datetime:
    """Return when an invoice is due: usage after a month, everything else at once."""
    return issued_at + USAGE_DUE_AFTER if kind == "usage" else issued_at


def number(series: str, *, account_number: int, month: str, position: int) -> str:
    """Return a document's number: INV-1001-2026-11, then INV-1001-2026-11-2."""
    first = f"{series}-{account_number}-{month}"
    return first if position == 1 else f"{first}-{position}"


def shown_status(status: str, *, due_at: datetime | None, now: datetime) -> str:
    """Return the status as it is shown: an issued invoice past its due date is overdue."""
    overdue = status == InvoiceStatus.ISSUED and due_at is not None and now >= due_at
    return OVERDUE if overdue else status


def moved(current: str, following: InvoiceStatus) -> InvoiceStatus:
    """Return the status after a step that the table allows."""
    assert following in TRANSITIONS[InvoiceStatus(current)], f"{current} → {following}"
    return following


def check_payable(status: str) -> None:
    """Refuse to take money for an invoice that cannot become paid."""
    if InvoiceStatus.PAID not in TRANSITIONS[InvoiceStatus(status)]:
        raise InvoiceNotPayable(
            say(
                "This invoice is {status}; only issued invoices can be paid.",
                {"status": STATUS_WORDS[status]},
            )
        )


def check_voidable(status: str) -> None:
    """Refuse to void an invoice whose money has come."""
    if InvoiceStatus.VOID not in TRANSITIONS[InvoiceStatus(status)]:
        raise InvoiceNotVoidable(
            say(
                "This invoice is {status}; only unpaid ones can be voided.",
                {"status": STATUS_WORDS[status]},
            )
        )


def content_digest(content: Mapping[str, object]) -> str:
    """Return SHA-256 over what an issued invoice says: it must never change."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _usage_line(usage: ModelUsage, amount_minor: int) -> Line:
    return Line(
        kind="usage",
        description=line_words.usage_of(usage.model),
        model=usage.model,
        quantity=usage.overage_tokens,
        unit_price_nanos=_unit_price_nanos(usage),
        amount_nanos=usage.final_nanos,
        amount_minor=amount_minor,
    )


def _unit_price_nanos(usage: ModelUsage) -> int | None:
    """Return the effective price of 1,000 tokens, to six decimals of a dollar, for display."""
    if usage.overage_tokens <= 0:
        return None
    steps = money.round_half_up(usage.final_nanos, usage.overage_tokens)
    return steps * UNIT_PRICE_STEP_NANOS


def _adjusting_line(adjustment: Adjustment, amount_minor: int) -> Line:
    return Line(
        kind=adjustment.kind,
        description=adjustment.description,
        model=None,
        quantity=1,
        unit_price_nanos=None,
        amount_nanos=adjustment.amount_nanos,
        amount_minor=amount_minor,
    )
