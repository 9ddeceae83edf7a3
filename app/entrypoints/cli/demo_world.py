"""The demo's world: who is in it, and what they use, day by day.

Every day is drawn from its own seed: the same day is always the same, whenever it is asked for,
so that a demo can be loaded again and grows only by the days that passed.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from operator import itemgetter

from app.domain.accounts.models import Role
from app.workflows.open_demo_account import HESITATION, DemoAccount

SEED = "oblivious"
USAGE_DAYS = 90
AGE = timedelta(days=USAGE_DAYS) + HESITATION

Usage = dict[str, object]


@dataclass(frozen=True, slots=True)
class Model:
    """How a model is used: typical token counts, and what is special about them, in percent."""

    name: str
    provider: str
    prompt: int
    completion: int
    # How many requests read from the cache, or write to it, and how much of the completion is
    # reasoning.
    cache_reads: int = 0
    cache_writes: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """One of a customer's keys at the gateway: when it is used, how much, and for which models."""

    alias: str
    requests_a_day: int
    # Percent of a usual day, Monday to Sunday.
    weekdays: tuple[int, ...]
    # How much of a day falls into each hour (UTC), from 0 to 23.
    hours: tuple[int, ...]
    # Models with their shares of the requests.
    models: tuple[tuple[Model, int], ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with his keys; his usage grows by some per mille a day, up to a point."""

    account: DemoAccount
    keys: tuple[GatewayKey, ...]
    growth: int = 0


GROWTH_DAYS_MAX = 110

GPT_4O = Model("gpt-4o", "openai", 1900, 420, cache_reads=45)
GPT_4O_MINI = Model("gpt-4o-mini", "openai", 1100, 300, cache_reads=30)
GPT_4_1_MINI = Model("gpt-4.1-mini", "openai", 900, 260)
O4_MINI = Model("o4-mini", "openai", 800, 1150, reasoning=60)
SONNET = Model("claude-sonnet-4-5", "anthropic", 2300, 540, cache_reads=40, cache_writes=20)
HAIKU = Model("claude-haiku-4-5", "anthropic", 900, 240, cache_writes=10)
FLASH = Model("gemini-2.5-flash", "gemini", 1500, 340)
GEMINI_PRO = Model("gemini-2.5-pro", "gemini", 1700, 1000, reasoning=45)

ROUND_THE_CLOCK = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 12, 13, 12, 11, 9, 7, 6, 5, 4, 3, 2)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 0, 2, 8, 12, 13, 11, 6, 11, 13, 12, 9, 5, 2, 1, 0, 0, 0, 0)
NIGHTLY_TESTS = (0, 0, 9, 9, 1, 0, 0, 1, 4, 7, 8, 7, 4, 7, 8, 7, 6, 4, 1, 0, 0, 0, 0, 0)

PROD = GatewayKey(
    alias="prod",
    requests_a_day=38,
    weekdays=(108, 114, 112, 110, 100, 62, 54),
    hours=ROUND_THE_CLOCK,
    models=((GPT_4O, 32), (GPT_4O_MINI, 26), (SONNET, 20), (FLASH, 14), (GPT_4_1_MINI, 8)),
)
STAGING = GatewayKey(
    alias="staging",
    requests_a_day=14,
    weekdays=(110, 125, 120, 115, 90, 15, 15),
    hours=NIGHTLY_TESTS,
    models=((GPT_4O_MINI, 55), (HAIKU, 25), (FLASH, 20)),
)
NOTEBOOKS = GatewayKey(
    alias="notebooks",
    requests_a_day=8,
    weekdays=(100, 130, 120, 130, 80, 8, 4),
    hours=OFFICE_HOURS,
    models=((O4_MINI, 38), (GEMINI_PRO, 34), (SONNET, 28)),
)
BACKEND = GatewayKey(
    alias="backend",
    requests_a_day=7,
    weekdays=(110, 110, 110, 110, 110, 70, 70),
    hours=ROUND_THE_CLOCK,
    models=((GPT_4O_MINI, 60), (HAIKU, 40)),
)
LAPTOP = GatewayKey(
    alias="laptop",
    requests_a_day=4,
    weekdays=(60, 80, 90, 60, 40, 150, 160),
    hours=OFFICE_HOURS,
    models=((FLASH, 50), (GPT_4O, 30), (O4_MINI, 20)),
)

DEMO_CUSTOMER = Customer(
    DemoAccount(
        user_id="user-123",
        email="demo@example.com",
        name="Lumen Analytics",
        plan_id="plan-pro",
        credit_limit_minor=50_000,
        alert_threshold=50_000,
    ),
    keys=(PROD, STAGING, NOTEBOOKS),
    growth=4,
)
SMALL_TEAM = Customer(
    DemoAccount(
        "user-201", "office@harbour.example.com", "Harbour Logistics", plan_id="plan-basic"
    ),
    keys=(BACKEND,),
    growth=2,
)
HOBBYIST = Customer(
    DemoAccount("user-202", "mika@studio.example.com", "Mika’s Studio"), keys=(LAPTOP,)
)
CUSTOMERS = (DEMO_CUSTOMER, SMALL_TEAM, HOBBYIST)
# What each code gives: type, value (percent, USD or tokens), and what customers read of it.
COUPONS = {
    "WELCOME20": ("percentage", 20, ""),
    "TENOFF": ("fixed", 10, "Ten dollars off, for as many invoices as it takes"),
    "TOKENS50K": ("free_tokens", 50_000, ""),
}
OPERATOR = DemoAccount("operator", "operator@example.com", "Olga Operator", role=Role.OPERATOR)


def usage_between(began_at: datetime, now: datetime) -> Iterator[Usage]:
    """Give all that the demo's customers used from the beginning to now, in order of time."""
    used = (_usage_of(customer, began_at, now) for customer in CUSTOMERS)
    return (usage for _, usage in merge(*used, key=itemgetter(0)))


def _usage_of(
    customer: Customer, began_at: datetime, now: datetime
) -> Iterator[tuple[datetime, Usage]]:
    first, last = began_at.date(), now.date()
    for number in range((last - first).days + 1):
        for occurred_at, usage in _day(customer, first + timedelta(days=number), number):
            if began_at <= occurred_at <= now:
                yield occurred_at, usage


def _day(customer: Customer, day: date, number: int) -> Iterator[tuple[datetime, Usage]]:
    """Give what the customer uses on one day, the same whenever it is asked for."""
    user_id = customer.account.user_id
    chance = random.Random(f"{SEED}:{user_id}:{day}")  # noqa: S311  # nosec B311  # believable, not secret
    per_mille = 900 + customer.growth * min(number, GROWTH_DAYS_MAX)
    requests = [
        (_moment(chance, day, key.hours), key, model)
        for key in customer.keys
        for model in _models_of(chance, key, day, per_mille)
    ]
    requests.sort(key=itemgetter(0))
    for place, (occurred_at, key, model) in enumerate(requests, start=1):
        yield (
            occurred_at,
            {
                "user_id": user_id,
                "request_id": f"demo-{user_id}-{day:%Y%m%d}-{place:03d}",
                "model": model.name,
                "provider": model.provider,
                "api_key_alias": key.alias,
                "occurred_at": occurred_at.isoformat().replace("+00:00", "Z"),
                **_tokens(chance, model),
            },
        )


def _models_of(
    chance: random.Random, key: GatewayKey, day: date, per_mille: int
) -> Sequence[Model]:
    usual = key.requests_a_day * key.weekdays[day.weekday()] * per_mille
    count = usual * chance.randint(80, 120) // (100 * 1000 * 100)
    models, shares = zip(*key.models, strict=True)
    return chance.choices(models, weights=shares, k=count)


def _moment(chance: random.Random, day: date, hours: Sequence[int]) -> datetime:
    [hour] = chance.choices(range(24), weights=hours)
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    return midnight + timedelta(hours=hour, milliseconds=chance.randrange(3_600_000))


def _tokens(chance: random.Random, model: Model) -> dict[str, int]:
    prompt, completion = _around(chance, model.prompt), _around(chance, model.completion)
    cached = written = reasoning = 0
    if chance.randrange(100) < model.cache_reads:
        cached = prompt * chance.randint(30, 80) // 100
    if chance.randrange(100) < model.cache_writes:
        written = (prompt - cached) * chance.randint(30, 90) // 100
    if model.reasoning:
        reasoning = completion * chance.randint(model.reasoning - 20, model.reasoning + 20) // 100
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cached_tokens": cached,
        "cache_write_tokens": written,
        "reasoning_tokens": reasoning,
    }


def _around(chance: random.Random, typical: int) -> int:
    """Draw a count near the typical one: mostly below, now and then several times as much."""
    return max(1, typical * int(1000 * chance.lognormvariate(0, 0.55)) // 1000)
