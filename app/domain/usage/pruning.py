"""Records that were kept long enough go; what they sum up to stays, and that they were there.

Only what is billed and closed goes, and from no running period. Changes state; never commits.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import add, attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    SelectBase,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage import checkpoints, recording
from app.domain.usage.models import (
    BillingRecord,
    MonthClose,
    PrunedRequest,
    PrunedUsage,
    RecordStatus,
    UsageCorrection,
    UsageLabel,
)
from app.domain.usage.recording import may_be_same
from app.domain.usage.records import Recorded
from app.domain.usage.reports import UsageReport
from app.domain.usage.rollups import SUMS, sums_of
from app.domain.usage.rules import OTHER
from app.foundation.bulk import add_to_rows, any_of, insert_rows
from app.foundation.database import session
from app.foundation.direct import Awaited, Question, among, values_of
from app.foundation.periods import QUARTER_SECONDS
from app.foundation.statements import Row

KEYS = ("user_id", "quarter", "period_id", "billing_month", "model", "api_key", "provider")
# What two reports of one request must have in common, beside the moment.
_said = attrgetter(
    "user_id",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
Said = UsageReport | Recorded | BillingRecord


def who_has_older(user_ids: Collection[str], *, before: datetime) -> Sequence[str]:
    """Return which of the accounts have records that occurred before that."""
    older = exists().where(BillingRecord.user_id == Account.id, BillingRecord.occurred_at < before)
    return session.scalars(select(Account.id).where(any_of(Account.id, user_ids), older)).all()


def prune(account: Account, *, before: datetime, limit: int) -> int:
    """Take the oldest records of the locked account that may go; return how many those were."""
    oldest = _may_go(account, before).order_by(BillingRecord.occurred_at, BillingRecord.id)
    records = session.scalars(oldest.limit(limit)).all()
    if not records:
        return 0
    _keep_sums(account, records)
    labels = recording.labels(recording.labels_of(records))
    checkpoints.follow(((record, -1) for record in records), labels=labels)
    insert_rows(PrunedRequest, [_remembered(record) for record in records])
    ids = [record.id for record in records]
    billed = update(UsageCorrection).where(any_of(UsageCorrection.record_id, ids))
    session.execute(billed.values(record_id=None))
    session.execute(delete(BillingRecord).where(any_of(BillingRecord.id, ids)))
    session.expunge_all()
    return len(records)


class Remembered(NamedTuple):
    """What is kept of a request whose record is kept no longer."""

    request_digest: str
    content_digest: str
    occurred_at: datetime | None


@Question
def _which_are_remembered() -> SelectBase:
    columns = select(*(getattr(PrunedRequest, name) for name in Remembered._fields))
    return columns.where(among(PrunedRequest.request_digest, "digests"))


def ask_pruned(request_ids: Collection[str]) -> Awaited[dict[str, Remembered]]:
    """Ask which of these requests had a record that is kept no longer."""
    by_digest = {digest_of_request(request_id): request_id for request_id in request_ids}

    def by_request_id(rows: Iterable[Row]) -> dict[str, Remembered]:
        return {by_digest[row[0]]: Remembered._make(row) for row in rows}

    return _which_are_remembered.send({"digests": values_of(by_digest)}, by_request_id)


def is_same(report: UsageReport, kept: Remembered) -> bool:
    """Tell whether the report says what the record had said: a repeat, not a conflict."""
    same_words = digest_of_content(report) == kept.content_digest
    return same_words and may_be_same(report.occurred_at, kept.occurred_at)


def digest_of_request(request_id: str) -> str:
    """Return what is kept of a request's id."""
    return hashlib.sha256(request_id.encode()).hexdigest()


def digest_of_content(said: Said) -> str:
    """Return what is kept of what was said of a request."""
    words = "\x1f".join(str(word) for word in _said(said))
    return hashlib.sha256(words.encode()).hexdigest()


def _may_go(account: Account, before: datetime) -> Select[Any]:
    record = BillingRecord
    return select(record).where(
        record.user_id == account.id,
        record.occurred_at < before,
        # It may still get its price.
        record.status != RecordStatus.UNPRICED,
        _is_closed(account),
        # SQLite would give the number of the newest one to the next, which then seemed covered.
        record.id < select(func.max(record.id)).scalar_subquery(),
        ~exists().where(SubscriptionPeriod.id == record.period_id, SubscriptionPeriod.is_current),
        # What was given back and is on no invoice yet names its record.
        ~exists().where(
            UsageCorrection.record_id == record.id, UsageCorrection.invoice_id.is_(None)
        ),
    )


def _is_closed(account: Account) -> ColumnElement[bool]:
    whose = or_(MonthClose.user_id.is_(None), MonthClose.user_id == account.id)
    return exists().where(MonthClose.billing_month == BillingRecord.billing_month, whose)


def _keep_sums(account: Account, records: Sequence[BillingRecord]) -> None:
    labels, kept = _labels(account), dict[tuple[object, ...], tuple[int, ...]]()
    for record in records:
        if record.status != RecordStatus.VOIDED:
            key, sums = _key(record, labels), sums_of(record)
            known = kept.get(key)
            kept[key] = sums if known is None else tuple(map(add, known, sums))
    names = (*KEYS, *SUMS)
    rows = [dict(zip(names, (*key, *sums), strict=True)) for key, sums in kept.items()]
    add_to_rows(PrunedUsage, rows, keys=KEYS)


def _key(record: BillingRecord, labels: set[tuple[str, str]]) -> tuple[object, ...]:
    named = {"model": record.model, "api_key": record.api_key_alias, "provider": record.provider}
    return (
        record.user_id,
        int(record.occurred_at.timestamp()) // QUARTER_SECONDS,
        record.period_id,
        record.billing_month,
        *(_kept(kind, label, labels) for kind, label in named.items()),
    )


def _kept(kind: str, label: str | None, labels: set[tuple[str, str]]) -> str:
    if not label:
        return ""
    return label if (kind, label) in labels else OTHER


def _labels(account: Account) -> set[tuple[str, str]]:
    kept = select(UsageLabel.kind, UsageLabel.label).where(UsageLabel.user_id == account.id)
    return {(kind, label) for kind, label in session.execute(kept)}


def _remembered(record: BillingRecord) -> dict[str, object]:
    return {
        "request_digest": digest_of_request(record.request_id),
        "content_digest": digest_of_content(record),
        "occurred_at": record.occurred_at if record.occurred_at_given else None,
    }
