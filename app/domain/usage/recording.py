"""What recording usage has to know and to write, in as few statements as there are questions."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, SelectBase, func, or_, select

from app.domain.usage import rules
from app.domain.usage.models import BillingRecord, MonthClose, UsageLabel
from app.domain.usage.records import LateRecord, NewRecord, Recorded
from app.domain.usage.reports import UsageReport
from app.foundation import bulk
from app.foundation.bulk import insert_new_tuples, inserting
from app.foundation.database import bound_to
from app.foundation.direct import Awaited, Question, among, values_of
from app.foundation.periods import month_of
from app.foundation.statements import Row
from app.foundation.writes import Write

APART_MAX = {
    "model": rules.MODELS_APART_MAX,
    "api_key": rules.KEYS_APART_MAX,
    "provider": rules.PROVIDERS_APART_MAX,
}
# How many labels a process remembers: about 60 MiB of them at the most.
SEEN_MAX = 200_000
Label = tuple[str, str, str]  # user id, kind, label
Labelled = UsageReport | NewRecord | LateRecord | BillingRecord

_said = attrgetter(
    "user_id",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


@Question
def _which_stand() -> SelectBase:
    columns = select(*(getattr(BillingRecord, name) for name in Recorded._fields))
    return columns.where(among(BillingRecord.request_id, "request_ids"))


def ask_recorded(request_ids: Collection[str]) -> Awaited[dict[str, Recorded]]:
    """Ask for the records that stand under these request ids."""
    return _which_stand.send({"request_ids": values_of(request_ids)}, _by_request_id)


def _by_request_id(rows: Iterable[Row]) -> dict[str, Recorded]:
    return {record.request_id: record for record in map(Recorded._make, rows)}


def is_same_request(report: UsageReport, record: Recorded) -> bool:
    """Tell whether the report says what the record holds: a repeat, not a conflict."""
    occurred_at = record.occurred_at if record.occurred_at_given else None
    return _said(report) == _said(record) and may_be_same(report.occurred_at, occurred_at)


def is_same_report(report: UsageReport, first: UsageReport) -> bool:
    """Tell whether two reports of one batch say the same."""
    return _said(report) == _said(first) and may_be_same(report.occurred_at, first.occurred_at)


def may_be_same(moment: datetime | None, other: datetime | None) -> bool:
    """Tell whether two moments, sent or not, may be one."""
    # Where one of them was not sent there is nothing to compare.
    return moment is None or other is None or moment == other


@dataclass(frozen=True, slots=True)
class ClosedMonths:
    """The billing months that take no more usage."""

    for_everyone: frozenset[str]
    for_account: frozenset[tuple[str, str]]

    def billing_month(self, user_id: str, moment: datetime, *, now: datetime) -> str:
        """Return the month of occurrence while it is open for the account, else the current one."""
        month = month_of(moment)
        return month_of(now) if self.holds(user_id, month) else month

    def holds(self, user_id: str, month: str) -> bool:
        """Tell whether the month is closed for the account."""
        return month in self.for_everyone or (user_id, month) in self.for_account


NONE_CLOSED = ClosedMonths(frozenset(), frozenset())


@Question
def _which_are_closed() -> SelectBase:
    ours = or_(MonthClose.user_id.is_(None), among(MonthClose.user_id, "user_ids"))
    statement = select(MonthClose.user_id, MonthClose.billing_month)
    return statement.where(among(MonthClose.billing_month, "months"), ours)


def closed_months(user_ids: Collection[str], *, months: Collection[str]) -> ClosedMonths:
    """Return which of the months are closed for which accounts; ask under the accounts' lock."""
    return ask_closed_months(user_ids, months=months).get()


def ask_closed_months(
    user_ids: Collection[str], *, months: Collection[str]
) -> Awaited[ClosedMonths]:
    """Ask which of the months are closed for which accounts, under the accounts' lock."""
    given = {"user_ids": values_of(user_ids), "months": values_of(months)}
    return _which_are_closed.send(given, _closed_months)


def _closed_months(found: Iterable[Row]) -> ClosedMonths:
    rows = list(found)
    return ClosedMonths(
        for_everyone=frozenset(month for user_id, month in rows if user_id is None),
        for_account=frozenset((user_id, month) for user_id, month in rows if user_id is not None),
    )


@dataclass(slots=True)
class Labels:
    """The models, keys and providers that rollups keep apart; what is over the limit is `other`."""

    known: set[Label]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    added: list[bulk.Row] = field(default_factory=list)

    def kept(self, user_id: str, kind: str, label: str | None) -> str:
        """Return the label under which rollups count it; an empty one where none was named."""
        if not label:
            return ""
        if (user_id, kind, label) in self.known:
            return label
        if self.counts[user_id, kind] >= APART_MAX[kind]:
            return rules.OTHER
        self.counts[user_id, kind] += 1
        self.known.add((user_id, kind, label))
        self.added.append({"user_id": user_id, "kind": kind, "label": label})
        return label

    def writes(self) -> list[Write]:
        """Prepare to keep the labels that were new."""
        return [inserting(UsageLabel, self.added)]


def labels(wanted: Collection[Label]) -> Labels:
    """Return what is known of these labels, and how many their accounts have."""
    return ask_labels(wanted)()


def ask_labels(wanted: Collection[Label]) -> Callable[[], Labels]:
    """Ask what is known of these labels, and how many their accounts have, under their lock."""
    seen = _seen_before()
    # Kept apart from what other threads may forget meanwhile.
    known = seen.intersection(wanted)
    unseen = set(wanted) - known
    if not unseen:
        return lambda: Labels(known)
    user_ids = values_of({label[0] for label in unseen})
    names = values_of({label[2] for label in unseen})
    kept = _which_are_kept.send({"user_ids": user_ids, "names": names}, set)
    counts = _how_many_are_kept.send({"user_ids": user_ids}, _label_counts)

    def told() -> Labels:
        stored = kept.get()
        seen.update(stored)
        return Labels(known | (stored & unseen), counts.get())

    return told


def labels_of(records: Collection[Labelled]) -> set[Label]:
    """Return the labels under which the records are to be counted, each once."""
    models = {(each.user_id, "model", each.model) for each in records}
    keys = {(each.user_id, "api_key", each.api_key_alias) for each in records if each.api_key_alias}
    providers = {(each.user_id, "provider", each.provider) for each in records if each.provider}
    return models | keys | providers


# A label that is stored is never taken away, so what was read once need not be asked for again;
# new ones are read anew the next time, because their transaction may still fail.
_seen: WeakKeyDictionary[Engine, set[Label]] = WeakKeyDictionary()


def _seen_before() -> set[Label]:
    """Return the labels that this process has read of this database."""
    seen = _seen.setdefault(bound_to(), set())
    if len(seen) > SEEN_MAX:
        seen.clear()
    return seen


@Question
def _which_are_kept() -> SelectBase:
    columns = select(UsageLabel.user_id, UsageLabel.kind, UsageLabel.label)
    return columns.where(among(UsageLabel.user_id, "user_ids"), among(UsageLabel.label, "names"))


@Question
def _how_many_are_kept() -> SelectBase:
    counted = select(UsageLabel.user_id, UsageLabel.kind, func.count())
    ours = counted.where(among(UsageLabel.user_id, "user_ids"))
    return ours.group_by(UsageLabel.user_id, UsageLabel.kind)


def _label_counts(rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    return Counter({(user_id, kind): count for user_id, kind, count in rows})


def insert_records(
    records: Sequence[NewRecord],
    *,
    meanwhile: Callable[[], Sequence[Write]],
) -> bool:
    """Insert all records, or none and return false if a request id was taken meanwhile.

    What is to be done `meanwhile` is done while the database reads; it must not ask it anything.
    The writes that it returns are done with the records, and undone with them.
    """
    # Only another account's post can: posts for the same account wait for its lock.
    return insert_new_tuples(
        BillingRecord,
        records,
        columns=NewRecord._fields,
        key="request_id",
        meanwhile=meanwhile,
    )
