"""Questions about usage. Reads only."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, cast, func, literal, select, tuple_

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone as zone_called
from app.domain.usage.buckets import DAY, check_span, cuts_an_hour
from app.domain.usage.models import BillingRecord, UsageDaily, UsageHourly, UsageLabel, UsageMonthly
from app.domain.usage.rules import OTHER
from app.domain.usage.series import SUMS, Question, Row, by_hour, from_days, from_hours, sums_over
from app.domain.usage.views import (
    EVERYTHING,
    Granularity,
    Grouping,
    Only,
    RecordsPage,
    RecordView,
    Sums,
    UsageBucket,
    UsageSeries,
)
from app.foundation.bulk import any_of
from app.foundation.database import UTCDateTime, Whole, end_reading, session
from app.foundation.one_text import as_one_text, names_in
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth, Period

EXPORT_PAGE = 1_000
FIGURES = attrgetter(*SUMS)
RECORD_COLUMNS = [getattr(BillingRecord, name) for name in RecordView.__slots__]


def usage_series(
    account: Account,
    *,
    span: Period,
    granularity: Granularity,
    group_by: Grouping,
    timezone: str | None = None,
    only: Only = EVERYTHING,
) -> UsageSeries:
    """Return the account's usage over a span, cut in its own zone or in another one.

    Raises InvalidFields for a span that is too long, and TimezoneUnknown.
    """
    check_span(span, granularity=granularity)
    own = zone_called(account.timezone)
    asked = Question(
        user_id=account.id,
        span=Period(span.starts_at.astimezone(UTC), span.ends_at.astimezone(UTC)),
        granularity=granularity,
        group_by=group_by,
        zone=own if timezone is None else zone_called(timezone),
        only=only,
    )
    buckets = tuple(_added_up(_rows(asked, own=own), asked.zone))
    return UsageSeries(
        buckets=buckets,
        totals=total_of(bucket.sums for bucket in buckets),
        timezone=asked.zone.key,
        approximate=_is_approximate(asked, own=own),
        granularity=granularity,
        group_by=group_by,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
    )


def month_to_date(account: Account, *, month: BillingMonth) -> Sums:
    """Return what was used in a month, by occurrence."""
    # Usage is billed in the month it occurred in, or in a later one: earlier rows are left alone.
    return _sums_of_months(
        account, UsageMonthly.occurred_month == str(month), UsageMonthly.billing_month >= str(month)
    )


def billed_to(user_ids: Collection[str], *, month: BillingMonth) -> dict[str, int]:
    """Return what the accounts' usage of a billing month comes to, in nano-USD."""
    statement = select(UsageMonthly.user_id, cast(func.sum(UsageMonthly.final_nanos), Whole)).where(
        any_of(UsageMonthly.user_id, user_ids), UsageMonthly.billing_month == str(month)
    )
    rows = session.execute(statement.group_by(UsageMonthly.user_id))
    return {user_id: nanos for user_id, nanos in rows}


def billed_late(account: Account, *, month: BillingMonth) -> Sums:
    """Return what is billed to a month though it occurred in earlier ones, which were closed."""
    return _sums_of_months(
        account, UsageMonthly.billing_month == str(month), UsageMonthly.occurred_month < str(month)
    )


def priced_since(account: Account, *, month: BillingMonth) -> Sums:
    """Return what was used from a month on, by occurrence, of models that have a price."""
    # Where a price is missing, the tokens are counted already and their cost is not.
    return _sums_of_months(
        account,
        UsageMonthly.occurred_month >= str(month),
        UsageMonthly.billing_month >= str(month),
        UsageMonthly.unpriced_tokens == 0,
    )


def tokens_by_day(user_ids: Collection[str], *, since: date) -> dict[str, dict[date, int]]:
    """Return the accounts' tokens of each of their local days from one on."""
    tokens = cast(func.sum(UsageDaily.total_tokens), Whole)
    statement = select(UsageDaily.user_id, UsageDaily.day, tokens).where(
        any_of(UsageDaily.user_id, user_ids), UsageDaily.day >= since
    )
    by_account: dict[str, dict[date, int]] = defaultdict(dict)
    rows = session.execute(statement.group_by(UsageDaily.user_id, UsageDaily.day))
    for user_id, day, total in rows:
        by_account[user_id][day] = total
    return by_account


def all_time(account: Account) -> Sums:
    """Return everything the account has ever used."""
    return _sums_of_months(account)


def labels_in_order(account: Account, group_by: Grouping) -> tuple[str, ...]:
    """Return the groups that an account's rollups keep apart, in an order that hardly changes.

    Models stand in the order in which they were taken up, the others in that of their names.
    """
    if group_by is Grouping.MODEL:
        return models_in_order(session.scalar(select(models_taken_up(literal(account.id)))))
    kept_apart = select(UsageLabel.label).where(
        UsageLabel.user_id == account.id, UsageLabel.kind == group_by.value
    )
    return tuple(sorted(session.scalars(kept_apart)))


def models_taken_up(user_id: ColumnElement[str]) -> ScalarSelect[str]:
    """Return how an account's models are read beside something else, as one text."""
    taken_up = func.min(UsageMonthly.occurred_month).label("taken_up")
    models = (
        select(UsageMonthly.model, taken_up)
        .where(UsageMonthly.user_id == user_id)
        .group_by(UsageMonthly.model)
        .subquery("models")
    )
    return as_one_text(models.c.taken_up + models.c.model)


def models_in_order(text: str | None) -> tuple[str, ...]:
    """Return the models of that text, in the order in which they were taken up."""
    return tuple(line[len("2026-11") :] for line in sorted(names_in(text)))


def total_of(sums: Iterable[Sums]) -> Sums:
    """Return the sums of sums."""
    figures = map(sum, zip(*map(FIGURES, sums), strict=True))
    return Sums(*figures)


def records_page(
    account: Account, *, span: Period | None, model: str | None, cursor: Cursor | None, limit: int
) -> RecordsPage:
    """Return up to `limit` records, newest first, from where the cursor stands."""
    if model is not None:
        span = _narrowed(account, span, model)
        if span is None:
            return RecordsPage((), None)
    return _page(_records_of(account, span=span, model=model), cursor=cursor, limit=limit)


def each_record(
    account: Account, *, span: Period | None, model: str | None
) -> Iterator[RecordView]:
    """Return every record one by one, newest first, however many there are.

    Not for use inside a transaction: nothing is held, neither rows nor a connection, while
    whoever asked takes his time with a page.
    """
    return _each(partial(records_page, account, span=span, model=model))


def requests_page(
    account: Account, *, span: Period, only: Only, cursor: Cursor | None, limit: int
) -> RecordsPage:
    """Return the same of one model, gateway key or provider, or of any."""
    if not (only.api_key is None and only.provider is None):
        used = _used(account, span, only)
        if used is None:
            return RecordsPage((), None)
        span = used
    elif only.model is not None:
        return records_page(account, span=span, model=only.model, cursor=cursor, limit=limit)
    statement = _records_of(account, span=span, model=only.model)
    return _page(_named(statement, only), cursor=cursor, limit=limit)


def each_request(account: Account, *, span: Period, only: Only) -> Iterator[RecordView]:
    """Return every one of those, as `each_record` does."""
    return _each(partial(requests_page, account, span=span, only=only))


def _rows(asked: Question, *, own: ZoneInfo) -> Iterator[Row]:
    """Ask the rollup that has the answer with the fewest rows."""
    if asked.granularity is Granularity.HOUR:
        return by_hour(asked)
    knows_provider = asked.group_by is Grouping.PROVIDER or asked.only.provider is not None
    if asked.zone.key == own.key and not knows_provider:
        return from_days(asked)
    return from_hours(asked, list(asked.buckets))


def _added_up(rows: Iterable[Row], zone: ZoneInfo) -> Iterator[UsageBucket]:
    """Add up the rows of the same bucket and group, oldest first."""
    # Keyed in UTC: two local hours of one name are equal to Python, but not to us.
    added: dict[tuple[datetime, str], Sequence[int]] = {}
    for starts_at, group, sums in rows:
        known = added.get((starts_at, group))
        added[starts_at, group] = sums if known is None else [*map(int.__add__, known, sums)]
    for starts_at, group in sorted(added):
        yield UsageBucket(starts_at.astimezone(zone), group, Sums(*added[starts_at, group]))


def _is_approximate(asked: Question, *, own: ZoneInfo) -> bool:
    """Tell whether an hour of the account's zone had to go whole to one side of a bound."""
    bounds = {asked.span.starts_at, asked.span.ends_at}
    if asked.zone.key != own.key:
        bounds.update(bucket.part.starts_at for bucket in asked.days)
    return any(cuts_an_hour(bound, own) for bound in bounds)


def _sums_of_months(account: Account, *conditions: ColumnElement[bool]) -> Sums:
    statement = select(*sums_over(UsageMonthly)).where(UsageMonthly.user_id == account.id)
    row = session.execute(statement.where(*conditions)).one()
    return Sums(*(figure or 0 for figure in row))


def _records_of(account: Account, *, span: Period | None, model: str | None) -> Select[Any]:
    statement = select(*RECORD_COLUMNS).where(BillingRecord.user_id == account.id)
    if span is not None:
        occurred_at = BillingRecord.occurred_at
        statement = statement.where(occurred_at >= span.starts_at, occurred_at < span.ends_at)
    return statement if model is None else statement.where(BillingRecord.model == model)


def _named(statement: Select[Any], only: Only) -> Select[Any]:
    """Keep to a gateway key and a provider, or to what was reported without one."""
    columns = {
        Grouping.API_KEY: BillingRecord.api_key_alias,
        Grouping.PROVIDER: BillingRecord.provider,
    }
    for group_by, name in only.named.items():
        if group_by in columns:
            named = columns[group_by]
            statement = statement.where(named == name if name else func.coalesce(named, "") == "")
    return statement


def _page(statement: Select[Any], *, cursor: Cursor | None, limit: int) -> RecordsPage:
    place = tuple_(BillingRecord.occurred_at, BillingRecord.id)
    if cursor is not None:
        last = tuple_(literal(cursor.moment, UTCDateTime), literal(cursor.id, Whole))
        statement = statement.where(place < last)
    newest_first = statement.order_by(BillingRecord.occurred_at.desc(), BillingRecord.id.desc())
    records = tuple(RecordView(*row) for row in session.execute(newest_first.limit(limit + 1)))
    shown = records[:limit]
    if len(records) <= limit:
        return RecordsPage(shown, None)
    return RecordsPage(shown, Cursor(shown[-1].occurred_at, shown[-1].id))


def _each(read_page: Callable[..., RecordsPage]) -> Iterator[RecordView]:
    cursor, is_last = None, False
    while not is_last:
        page = read_page(cursor=cursor, limit=EXPORT_PAGE)
        end_reading()
        yield from page.records
        cursor, is_last = page.next_cursor, page.next_cursor is None


def _used(account: Account, span: Period, only: Only) -> Period | None:
    """Return the part of the span in which there was such usage, to a day; None without any."""
    days = UsageDaily.day, span.starts_at.date() - DAY, span.ends_at.date() + DAY
    hours = UsageHourly.hour, span.starts_at - DAY, span.ends_at + DAY
    rollup, (place, begin, end) = (
        (UsageDaily, days) if only.provider is None else (UsageHourly, hours)
    )
    named = (getattr(rollup, group).in_((name, OTHER)) for group, name in only.named.items())
    reach = select(func.min(place), func.max(place)).where(
        rollup.user_id == account.id, place >= begin, place <= end, *named
    )
    first, last = session.execute(reach).one()
    if first is None:
        return None
    # Days are those of the account's zone: its midnight is less than a day away from that of UTC.
    begin, end = (
        max(_moment(first) - DAY, span.starts_at),
        min(_moment(last) + 2 * DAY, span.ends_at),
    )
    return Period(begin, end) if begin < end else None


def _moment(place: date) -> datetime:
    return place if isinstance(place, datetime) else datetime.combine(place, time.min, UTC)


def _narrowed(account: Account, span: Period | None, model: str) -> Period | None:
    """Return the part of the span in which the model was used at all; None if it never was."""
    # Without this, asking for a model of long ago walks through every record since.
    months = select(func.min(UsageMonthly.occurred_month), func.max(UsageMonthly.occurred_month))
    # Models beyond those that rollups keep apart are counted as others.
    counted_as = UsageMonthly.model.in_((model, OTHER))
    first, last = session.execute(
        months.where(UsageMonthly.user_id == account.id, counted_as)
    ).one()
    if first is None:
        return None
    begin = BillingMonth.parse(first).period.starts_at
    end = BillingMonth.parse(last).period.ends_at
    if span is not None:
        begin, end = max(begin, span.starts_at), min(end, span.ends_at)
    return Period(begin, end) if begin < end else None
