"""Posting: what a batch of fresh records changes, gathered first and then written at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from app.domain.accounts.operations import Balance
from app.domain.catalog.rules import Price
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.subscriptions.queries import UsagePeriod
from app.domain.tokens import operations as tokens
from app.domain.tokens.operations import Movement
from app.domain.usage import rules, watching
from app.domain.usage.models import RecordStatus
from app.domain.usage.recording import ClosedMonths, Labels
from app.domain.usage.records import NewRecord
from app.domain.usage.reports import UsageReport
from app.domain.usage.rollups import Rollups, place_of, sums_of
from app.foundation.bulk import changing
from app.foundation.periods import month_of
from app.foundation.writes import Write

# What a record takes over from its report, from request_id to reasoning_tokens, in this order.
Reported = tuple[str, str, str | None, str | None, int, int, int, int, int, int]
_reported = cast(Callable[[UsageReport], Reported], attrgetter(*NewRecord._fields[3:13]))


class Candidate(NamedTuple):
    """A well-formed report with its price and exact list cost."""

    position: int
    report: UsageReport
    occurred_at: datetime
    price: Price | None
    pico_tokens: int
    cost_nanos: int


@dataclass(slots=True)
class Posting:
    """The records of a batch and everything they change; the accounts are locked."""

    balances: Mapping[str, Balance]
    periods: Mapping[str, Sequence[UsagePeriod]]
    closed: ClosedMonths
    labels: Labels
    now: datetime
    records: list[NewRecord] = field(default_factory=list)
    _allowances: dict[str, rules.Allowance] = field(default_factory=dict)
    _used: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    _rollups: Rollups = field(default_factory=Rollups)

    def post(self, candidate: Candidate) -> NewRecord:
        """Split one report over what its account may draw."""
        report, price = candidate.report, candidate.price
        user_id, tokens = report.user_id, report.total_tokens
        month = self.closed.billing_month(user_id, candidate.occurred_at, now=self.now)
        period = self._period(user_id, candidate.occurred_at, month)
        allowance = self._allowances.get(user_id) or self._allowance(user_id)
        included = price is None or price.included_in_plans
        split = rules.split(allowance, tokens, period_id=period.id, included=included)
        record = _record(candidate, period, split, month=month, now=self.now)
        self.records.append(record)
        used = self._used[period.id]
        used[0] += tokens
        used[1] += split.quota_tokens
        return record

    def count(self) -> None:
        """Add up what the records change in the rollups; nothing is read or written."""
        for record in self.records:
            zone = ZoneInfo(self.balances[record.user_id].timezone)
            place = place_of(record, zone=zone, labels=self.labels)
            self._rollups.add(place, sums_of(record))

    def writes(self) -> list[Write]:
        """Prepare to write what the records change besides themselves."""
        used = [
            {"id": period_id, "tokens_used": used, "quota_tokens_used": of_quota}
            for period_id, (used, of_quota) in self._used.items()
        ]
        return [
            *self.labels.writes(),
            *self._rollups.writes(),
            changing(
                SubscriptionPeriod, used, key="id", adding=("tokens_used", "quota_tokens_used")
            ),
            *tokens.booking(self._draws(), now=self.now),
        ]

    def crossings(self) -> Iterator[tuple[str, str]]:
        """Yield what is to be looked into of whom, because his balance has passed a line."""
        for user_id, allowance in self._allowances.items():
            balance = self.balances[user_id]
            period = next(p for p in self.periods[user_id] if p.is_current)
            before = period.quota - period.quota_tokens_used + balance.extra_tokens
            after = allowance.quota_left[period.id] + allowance.extra_tokens
            for work in watching.crossed(balance, before=before, after=after):
                yield work, user_id

    def _allowance(self, user_id: str) -> rules.Allowance:
        balance = self.balances[user_id]
        left = {p.id: p.quota - p.quota_tokens_used for p in self.periods[user_id]}
        allowance = rules.Allowance(balance.extra_tokens, balance.granted_tokens, left)
        self._allowances[user_id] = allowance
        return allowance

    def _period(self, user_id: str, moment: datetime, month: str) -> UsagePeriod:
        """Return the period that held the moment if its month is open, else the current one."""
        is_open = month == month_of(moment)
        current = None
        for period in self.periods[user_id]:
            if is_open and period.starts_at <= moment < period.ends_at:
                return period
            if period.is_current:
                current = period
        assert current is not None, "an account without a current period"
        return current

    def _draws(self) -> Iterable[Movement]:
        for user_id, allowance in self._allowances.items():
            before = self.balances[user_id]
            if allowance.extra_tokens == before.extra_tokens:
                continue
            yield Movement(
                user_id=user_id,
                kind="usage",
                tokens=allowance.extra_tokens - before.extra_tokens,
                granted_tokens=allowance.granted_tokens - before.granted_tokens,
                balance_after=allowance.extra_tokens,
                granted_after=allowance.granted_tokens,
            )


def _record(
    candidate: Candidate, period: UsagePeriod, split: rules.Split, *, month: str, now: datetime
) -> NewRecord:
    report, price = candidate.report, candidate.price
    cost, discount_bp = candidate.cost_nanos, period.overage_discount_bp
    # Most pay as they go: all of it is overage, at its list cost.
    final = cost
    if discount_bp or split.overage_tokens != report.total_tokens:
        final = rules.final_nanos(candidate.pico_tokens, split=split, discount_bp=discount_bp)
    return NewRecord(
        report.user_id,
        period.subscription_id,
        period.id,
        *_reported(report),
        *split,
        overage_discount_bp=discount_bp,
        price_id=None if price is None else price.id,
        cost_nanos=cost,
        discount_nanos=cost - final,
        final_nanos=final,
        status=RecordStatus.UNPRICED if price is None else RecordStatus.COMPLETED,
        billing_month=month,
        occurred_at=candidate.occurred_at,
        occurred_at_given=report.occurred_at is not None,
        is_estimated=report.is_estimated,
        created_at=now,
        updated_at=now,
    )
