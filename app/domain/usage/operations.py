"""What can be done with a recorded request. Changes state; never commits."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage import checkpoints, recording
from app.domain.usage.errors import UnknownRequest
from app.domain.usage.models import BillingRecord, RecordStatus, UsageCorrection
from app.domain.usage.rollups import Rollups, place_of, sums_of
from app.foundation import money
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.sentences import Sentence, say, wording_of


def void(record: BillingRecord, account: Account, *, reason: str, now: datetime) -> None:
    """Take a record of a locked account out of every total; its tokens are given back elsewhere."""
    rollups = Rollups()
    labels = recording.labels(recording.labels_of([record]))
    place = place_of(record, zone=ZoneInfo(account.timezone), labels=labels)
    rollups.add(place, sums_of(record, sign=-1))
    rollups.write()
    checkpoints.follow([(record, -1)], labels=labels)
    period = session.get_one(SubscriptionPeriod, record.period_id, with_for_update=True)
    period.tokens_used -= record.total_tokens
    period.quota_tokens_used -= record.quota_tokens
    record.status = RecordStatus.VOIDED
    record.void_reason = reason
    record.voided_at = record.updated_at = now


def give_back_billed(record: BillingRecord, *, now: datetime) -> None:
    """Let the next usage invoice give back what was billed for a voided record."""
    if record.final_nanos:
        month = record.billing_month
        words = say("Voided usage of {month} - {model}", {"month": month, "model": record.model})
        session.add(
            UsageCorrection(
                user_id=record.user_id,
                kind="void",
                record_id=record.id,
                billing_month=month,
                description=str(words),
                wording=wording_of(words),
                amount_nanos=-record.final_nanos,
                created_at=now,
            )
        )


def add_shortfall(user_id: str, *, tokens_count: int, price_pico: int, now: datetime) -> None:
    """Bill tokens that were used and then paid back, at what they had cost, with the next usage."""
    nanos = money.token_cost_nanos(tokens_count * price_pico)
    words = say("{tokens:,} used extra tokens of a refunded top-up", {"tokens": tokens_count})
    _add_shortfall(user_id, nanos=nanos, words=words, now=now)


def add_credit_shortfall(user_id: str, *, minor: int, now: datetime) -> None:
    """Bill account credit that was used and then had to be taken back, with the next usage."""
    nanos = money.nanos_from_minor(minor)
    words = say("Used account credit of a payment that was disputed and lost")
    _add_shortfall(user_id, nanos=nanos, words=words, now=now)


def record_of(request_id: str) -> BillingRecord:
    """Return the record, as it stands at this moment. Raises UnknownRequest."""
    statement = select(BillingRecord).where(BillingRecord.request_id == request_id)
    record = session.scalar(statement.execution_options(populate_existing=True))
    if record is None:
        raise UnknownRequest(say("No usage was recorded under this request_id."))
    return record


def _add_shortfall(user_id: str, *, nanos: int, words: Sentence, now: datetime) -> None:
    if nanos:
        session.add(
            UsageCorrection(
                user_id=user_id,
                kind="shortfall",
                billing_month=str(BillingMonth.of(now)),
                description=str(words),
                wording=wording_of(words),
                amount_nanos=nanos,
                created_at=now,
            )
        )
