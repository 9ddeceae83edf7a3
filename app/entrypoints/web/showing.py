"""How amounts, counts and moments look on pages; the templates' filters."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from app.domain.accounts.devices import device_in_words
from app.domain.catalog.rules import Price, PricedTokens, priced_tokens
from app.domain.invoices.documents import address_lines
from app.domain.payments import dispute_reasons
from app.domain.payments.declines import DECLINES
from app.domain.usage.views import RecordView
from app.entrypoints.countries import country_names
from app.entrypoints.languages import language
from app.entrypoints.web.zones import zone_called
from app.foundation import figures
from app.foundation.figures import (
    CENT,
    MINUS,
    NANOS_PER_MILLION,
    count,
    dollars,
    payment_method,
    rate,
    usd_of_minor,
    usd_per_million,
    usd_written,
)
from app.foundation.languages import (
    CHINESE,
    ENGLISH,
    day_in,
    long_month_in,
    month_in,
    month_name_in,
    short_day_in,
    weekday_in,
)
from app.foundation.money import (
    round_half_up,
    usd_from_minor,
    usd_from_nanos,
    usd_per_token_from_pico,
)

CENT_DECIMALS = 2
NANO_DECIMALS = 9
# What requests cost is compared down a list, and is mostly a fraction of a cent.
LIST_DECIMALS = 5
# Below this, counts are short enough to be read in full.
COMPACT_FROM = 10_000
COMPACT_DIGITS = 3
# Where long numbers are broken, and what the parts are called there.
UNITS = {
    ENGLISH: (1_000, ("", "K", "M", "B", "T")),
    CHINESE: (10_000, ("", "万", "亿", "万亿")),
}
# What stands between a day and its hour.
HOUR_FOLLOWS = {ENGLISH: ", ", CHINESE: " "}
# As wide as a digit, and as a point.
FIGURE_SPACE, PUNCTUATION_SPACE = "\u2007", "\u2008"


def usd(nanos: int) -> str:
    """Return the amount with two decimals; below a cent, with the two digits that matter."""
    return dollars(_readable(usd_from_nanos(nanos)))


def usd_to(nanos: int, decimals: int) -> str:
    """Return the amount rounded to so many decimals, and with all of them: $0.00030."""
    step = Decimal(1).scaleb(-decimals)
    return dollars(usd_from_nanos(nanos).quantize(step, rounding=ROUND_HALF_UP))


def decimals_of(amounts: Iterable[int]) -> int:
    """Return how many decimals a list of nano-USD shows: five, or what its smallest needs."""
    smallest = min((abs(nanos) for nanos in amounts if nanos), default=0)
    return max(LIST_DECIMALS, _decimals(_readable(usd_from_nanos(smallest))))


def places_of(amounts: Iterable[str]) -> int:
    """Return how many decimals the longest of the written amounts has."""
    return max((len(text.partition(".")[2]) for text in amounts), default=0)


def aligned(amount: str, places: int) -> str:
    """Return a written amount so that its point stands below that of one with so many decimals."""
    missing = places - places_of([amount])
    # Where there is no point either, its room is left free, too.
    return amount + FIGURE_SPACE * missing + ("" if "." in amount else PUNCTUATION_SPACE)


def usd_exact(nanos: int) -> str:
    """Return the amount with every decimal it has, two at least."""
    amount = usd_from_nanos(nanos)
    return dollars(amount if _decimals(amount) > CENT_DECIMALS else amount.quantize(CENT))


def usd_plain(nanos: int) -> str:
    """Return the exact amount as machines read it: 0.0000125."""
    return f"{usd_from_nanos(nanos):f}"


def compact(number: int) -> str:
    """Return the number with three digits that matter: 1.25M, 125万."""
    if abs(number) < COMPACT_FROM:
        return count(number)
    # Rounded first: 999,950 reads 1M, not 1000K.
    value, unit = _three_digits(Decimal(number)), 0
    step, names = UNITS[language()]
    while abs(value) >= step and unit < len(names) - 1:
        value, unit = value / step, unit + 1
    text = f"{value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS) + names[unit]


def percent(permille: int) -> str:
    """Return thousandths as a percentage with one decimal."""
    whole, tenth = divmod(abs(permille), 10)
    return f"{MINUS if permille < 0 else ''}{whole}.{tenth}%"


def signed_percent(permille: int) -> str:
    """Return thousandths as a percentage that says in which direction it goes."""
    return f"+{percent(permille)}" if permille > 0 else percent(permille)


def day(moment: datetime, local: tzinfo = UTC) -> str:
    """Return the local date in the reader's language: 22 Nov 2026."""
    return figures.day(moment, local, language())


def short_day(moment: datetime, local: ZoneInfo) -> str:
    """Return the local date without its year: 22 Nov."""
    return short_day_in(language(), moment.astimezone(local).date())


def month_name(moment: datetime) -> str:
    """Return the name of a UTC month: November, 11月."""
    return month_name_in(language(), moment.astimezone(UTC).date())


def long_month(moment: datetime) -> str:
    """Return a UTC month with its year: November 2026, 2026年11月."""
    return long_month_in(language(), moment.astimezone(UTC).date())


def billing_month(month: str) -> str:
    """Return a month that is kept as 2026-11: Nov 2026, 2026年11月."""
    return month_in(language(), date.fromisoformat(f"{month}-01"))


def country_called(code: str) -> str:
    """Return what a country is called in the reader's language; an unknown one by its letters."""
    return country_names(language()).get(code, code)


def address_of(party: Mapping[str, object]) -> tuple[str, ...]:
    """Return the lines of a party's address, the country last, without the name above them."""
    name, address, code = (str(party.get(each) or "") for each in ("name", "address", "country"))
    called = country_called(code)
    lines = address_lines(address, beside=(name, code, called))
    return (*lines, called) if called else lines


def date_written(there: date) -> str:
    """Return a date in the reader's language: 22 Nov 2026."""
    return day_in(language(), there)


def weekday_written(there: date) -> str:
    """Return a day with its weekday: Sunday, 22 November 2026."""
    return weekday_in(language(), there)


def clock_time(moment: datetime, local: ZoneInfo) -> str:
    """Return the local date and time: 22 Nov 2026, 14:05:09."""
    return f"{day(moment, local)}{HOUR_FOLLOWS[language()]}{moment.astimezone(local):%H:%M:%S}"


def soon(moment: datetime, local: ZoneInfo, now: datetime) -> str:
    """Return the local hour and minute of a moment ahead, with its day if that is not today."""
    there = moment.astimezone(local)
    hour = f"{there:%H:%M}"
    is_today = there.date() == now.astimezone(local).date()
    return hour if is_today else f"{short_day(moment, local)}{HOUR_FOLLOWS[language()]}{hour}"


def usd_input(minor: int) -> str:
    """Return an amount of cents as a field takes it: 1234.50."""
    return f"{usd_from_minor(minor):.2f}"


def usd_per_million_about(pico: int) -> str:
    """Return an average price of a million tokens with three digits that matter: $2.46."""
    amount = usd_from_nanos(pico * NANOS_PER_MILLION)
    short = _three_digits(amount).normalize() if amount else amount
    return dollars(short if _decimals(short) > CENT_DECIMALS else short.quantize(CENT))


def rfc3339(moment: datetime) -> str:
    """Return the moment in UTC, for machines and for tooltips."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def from_seconds(seconds: int) -> datetime:
    """Return the moment that lies so many seconds after the start of 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def declined_because(code: str) -> str:
    """Return why an attempt to pay was declined, in words; by the provider's code if none fit."""
    return DECLINES.get(code, code)


def usd_of_pico(pico: int) -> str:
    """Return an exact amount of pico-USD with two decimals at least: $0.00001234."""
    amount = usd_per_token_from_pico(pico)
    return dollars(amount if _decimals(amount) > CENT_DECIMALS else amount.quantize(CENT))


def priced(record: RecordView, prices: Mapping[int, Price]) -> tuple[PricedTokens, ...]:
    """Return what a request's tokens cost, kind by kind; nothing while no price is known."""
    price = None if record.price_id is None else prices.get(record.price_id)
    if price is None:
        return ()
    return priced_tokens(
        price,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        cached_tokens=record.cached_tokens,
        cache_write_tokens=record.cache_write_tokens,
    )


def covered_nanos(record: RecordView) -> int:
    """Return how much of a request's list cost fell on tokens that were covered."""
    if record.total_tokens == 0:
        return 0
    covered = record.quota_tokens + record.extra_tokens
    # Never more than what was taken off at all: the rest is the plan's discount.
    share = round_half_up(record.cost_nanos * covered, record.total_tokens)
    return min(share, record.discount_nanos)


FILTERS: dict[str, Callable[..., object]] = {
    "usd": usd,
    "usd_to": usd_to,
    "decimals_of": decimals_of,
    "usd_exact": usd_exact,
    "usd_per_million": usd_per_million,
    "usd_plain": usd_plain,
    "usd_of_minor": usd_of_minor,
    "count": count,
    "compact": compact,
    "payment_method": payment_method,
    "percent": percent,
    "rate": rate,
    "signed_percent": signed_percent,
    "day": day,
    "short_day": short_day,
    "month_name": month_name,
    "long_month": long_month,
    "billing_month": billing_month,
    "date_written": date_written,
    "weekday_written": weekday_written,
    "usd_of_pico": usd_of_pico,
    "places_of": places_of,
    "aligned": aligned,
    "priced": priced,
    "clock_time": clock_time,
    "soon": soon,
    "usd_written": usd_written,
    "usd_input": usd_input,
    "usd_per_million_about": usd_per_million_about,
    "rfc3339": rfc3339,
    "zone_called": zone_called,
    "from_seconds": from_seconds,
    "covered_nanos": covered_nanos,
    "declined_because": declined_because,
    "contested_because": dispute_reasons.in_words,
    "device": device_in_words,
    "country_called": country_called,
    "address_of": address_of,
}


def _readable(amount: Decimal) -> Decimal:
    if amount == 0 or abs(amount) >= CENT:
        return amount.quantize(CENT, rounding=ROUND_HALF_UP)
    # The first digit that is not 0, and one more; a nano-USD has no more than that.
    step = Decimal(1).scaleb(max(amount.adjusted() - 1, -NANO_DECIMALS))
    short = amount.quantize(step, rounding=ROUND_HALF_UP).normalize()
    return short if _decimals(short) > CENT_DECIMALS else short.quantize(CENT)


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _three_digits(value: Decimal) -> Decimal:
    step = Decimal(1).scaleb(value.adjusted() - COMPACT_DIGITS + 1)
    return value.quantize(step, rounding=ROUND_HALF_UP)
