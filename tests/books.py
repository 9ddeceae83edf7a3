"""Adds every record up again, on paper of its own, and compares the books with that.

`verify_books` compares sums within the database; here every hour, day and month of every label
is worked out anew from the records, and the token ledger is walked entry by entry.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from app.domain.accounts.models import Account
from app.domain.tokens.models import TokenEntry
from app.domain.usage.models import (
    BillingRecord,
    UsageDaily,
    UsageHourly,
    UsageLabel,
    UsageMonthly,
)
from app.foundation.database import end_reading, session
from app.workflows.verify_books import verify_books_in_full

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SUMS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "quota_tokens",
    "extra_tokens",
    "overage_tokens",
    "cost_nanos",
    "final_nanos",
)
KEYS = {
    UsageHourly: ("hour", "model", "api_key", "provider"),
    UsageDaily: ("day", "model", "api_key"),
    UsageMonthly: ("billing_month", "occurred_month", "model"),
}
# Read as plain rows: the identity map would keep what a test has changed behind its back.
COUNTED = select(BillingRecord.__table__).where(BillingRecord.status != "voided")


def check_books() -> None:
    """Assert that every figure that is kept twice is the same twice."""
    end_reading()
    session.expire_all()
    wrong = [*verify_books_in_full(), *_wrong_rollups(), *_wrong_ledgers()]
    end_reading()
    assert not wrong, "the books are wrong:\n" + "\n".join(wrong)


def _wrong_rollups() -> Iterator[str]:
    expected = {rollup: defaultdict(Counter) for rollup in KEYS}
    zones = {account.id: ZoneInfo(account.timezone) for account in session.query(Account)}
    apart = {(label.user_id, label.kind, label.label) for label in session.query(UsageLabel)}
    for record in session.execute(COUNTED):
        places = _places(record, zones[record.user_id], apart)
        sums = _sums(record)
        for rollup, keys in KEYS.items():
            key = (record.user_id, *(places[name] for name in keys))
            expected[rollup][key].update(sums)
    for rollup, keys in KEYS.items():
        kept = {}
        for row in session.query(rollup):
            sums = {name: getattr(row, name) for name in ("requests", "unpriced_tokens", *SUMS)}
            kept[row.user_id, *(getattr(row, name) for name in keys)] = sums
        for key in kept.keys() | expected[rollup].keys():
            ours = {name: value for name, value in kept.get(key, {}).items() if value}
            theirs = {name: value for name, value in expected[rollup][key].items() if value}
            if ours != theirs:
                yield f"{rollup.__tablename__} {key}: {ours}, but the records say {theirs}"


def _places(record: Row, zone: ZoneInfo, apart: set) -> dict[str, object]:
    local = record.occurred_at.astimezone(zone)
    offset = local.utcoffset() // SECOND
    local_seconds = (record.occurred_at - EPOCH) // SECOND + offset
    named = {
        "model": record.model,
        "api_key": record.api_key_alias or "",
        "provider": record.provider or "",
    }
    kept = {
        kind: label if not label or (record.user_id, kind, label) in apart else "other"
        for kind, label in named.items()
    }
    return {
        "hour": EPOCH + timedelta(seconds=local_seconds // 3600 * 3600 - offset),
        "day": local.date(),
        "billing_month": record.billing_month,
        "occurred_month": f"{record.occurred_at.astimezone(UTC):%Y-%m}",
        **kept,
    }


def _sums(record: Row) -> dict[str, int]:
    unpriced = record.total_tokens if record.status == "unpriced" else 0
    return {
        "requests": 1,
        "unpriced_tokens": unpriced,
        **{name: getattr(record, name) for name in SUMS},
    }


def _wrong_ledgers() -> Iterator[str]:
    balances, granted, drawn = Counter(), Counter(), Counter()
    for entry in session.query(TokenEntry).order_by(TokenEntry.id):
        balances[entry.user_id] += entry.tokens
        granted[entry.user_id] += entry.granted_tokens
        if entry.kind in ("usage", "usage_void"):
            drawn[entry.user_id] -= entry.tokens
            drawn[entry.user_id, "granted"] -= entry.granted_tokens
        if entry.balance_after != balances[entry.user_id]:
            yield f"entry {entry.id} leaves {entry.balance_after}, not {balances[entry.user_id]}"
        if not 0 <= granted[entry.user_id] <= balances[entry.user_id]:
            yield f"entry {entry.id} leaves {granted[entry.user_id]} granted tokens"
    for record in session.execute(COUNTED):
        drawn[record.user_id] -= record.extra_tokens
        drawn[record.user_id, "granted"] -= record.granted_tokens
    for whose, difference in drawn.items():
        if difference:
            yield f"the ledger's draws and the records' of {whose} differ by {difference}"
