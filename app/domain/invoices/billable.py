"""What a month's usage invoice asks for: the usage, what was carried, and corrections. Reads only.

All of it is read in one statement, however many accounts it is for.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Select, cast, func, literal, null, or_, select, union_all

from app.domain.invoices import line_words, rules
from app.domain.invoices.models import CarriedAmount
from app.domain.invoices.rules import Adjustment, Line, ModelUsage
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.bulk import any_of
from app.foundation.database import Json, session
from app.foundation.periods import BillingMonth
from app.foundation.sentences import told

# What each part of the statement selects: the fields of `_Asked`.
Rows = Select[*tuple[Any, ...]]
# Adjustments stand in this order: what was carried, then corrections.
CARRIED, CORRECTION, USAGE = "carried", "correction", "usage"


class _Asked(NamedTuple):
    kind: str
    user_id: str
    # The model, the month it was carried from, or what a correction says.
    text: str
    wording: dict[str, object] | None
    tokens: int
    nanos: int
    place: int

    @property
    def order(self) -> tuple[str, str, int]:
        return (self.kind, self.text if self.kind == CARRIED else "", self.place)


def usage_lines(user_ids: Collection[str], month: BillingMonth) -> dict[str, list[Line]]:
    """Return the lines of these accounts' usage invoices: one statement for all of them."""
    usage: dict[str, list[ModelUsage]] = defaultdict(list)
    adjustments: dict[str, list[Adjustment]] = defaultdict(list)
    parts = (_used(user_ids, month), _carried(user_ids, month), _corrected(user_ids))
    rows = map(_Asked._make, session.execute(union_all(*parts)))
    for asked in sorted(rows, key=lambda row: row.order):
        if asked.kind == USAGE:
            used = ModelUsage(asked.text, int(asked.tokens), int(asked.nanos))
            usage[asked.user_id].append(used)
        else:
            adjustments[asked.user_id].append(_adjustment(asked))
    return {
        user_id: rules.usage_lines(usage[user_id], adjustments[user_id]) for user_id in user_ids
    }


def _adjustment(asked: _Asked) -> Adjustment:
    if asked.kind == CARRIED:
        return Adjustment(CARRIED, line_words.carried_from(asked.text), int(asked.nanos))
    return Adjustment(CORRECTION, told(asked.text, asked.wording or {}), int(asked.nanos))


def _used(user_ids: Collection[str], month: BillingMonth) -> Rows:
    rolled = UsageMonthly
    sums = (func.sum(rolled.overage_tokens), func.sum(rolled.final_nanos))
    named = (literal(USAGE), rolled.user_id, rolled.model, cast(null(), Json))
    return (
        select(*named, *sums, literal(0))
        .where(any_of(rolled.user_id, user_ids), rolled.billing_month == str(month))
        .group_by(rolled.user_id, rolled.model)
    )


def _carried(user_ids: Collection[str], month: BillingMonth) -> Rows:
    """Return what waits to be invoiced from months before."""
    carried = CarriedAmount
    named = (literal(CARRIED), carried.user_id, carried.from_month, cast(null(), Json))
    waiting = (carried.invoice_id.is_(None), carried.forgiven_by.is_(None))
    before = or_(carried.from_month < str(month), carried.kind == "other")
    return select(*named, literal(0), carried.amount_nanos, carried.id).where(
        any_of(carried.user_id, user_ids), *waiting, before
    )


def _corrected(user_ids: Collection[str]) -> Rows:
    """Return the corrections that wait: a thousand voids of one model and month are one line."""
    corrected = UsageCorrection
    named = (literal(CORRECTION), corrected.user_id, corrected.description, corrected.wording)
    summed = (literal(0), func.sum(corrected.amount_nanos), func.min(corrected.id))
    return (
        select(*named, *summed)
        .where(any_of(corrected.user_id, user_ids), corrected.invoice_id.is_(None))
        .group_by(corrected.user_id, corrected.description, corrected.wording)
    )
