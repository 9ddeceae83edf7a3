"""A trace of made-up usage, and what it costs, worked out without anything of the app.

Some accounts pay as they go, over models whose prices are whole and broken parts of a nano. The
others have a plan with a quota and use one model only, a nano-USD for each token: so what they
pay is the same in whatever order their requests arrive.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from tests.factories.accounts import AGE, make_account
from tests.factories.catalog import make_alias, make_price

Record = dict[str, object]
# In pico-USD per token: for what was sent, for what came back, for what was in the cache.
PRICES = {"whole": (2_000, 6_000, 1_000), "odd": (333, 777, 91), "flat": (1_000, 1_000, 1_000)}
# The names under which requests report them; of the last one nobody knows a price.
NAMES = {"whole": "whole", "openai/odd": "odd", "whole-2026-11": "whole", "secret": None}
ALIAS = "whole-2026-11"
PAYG = tuple(f"payg-{number}" for number in range(6))
PLANNED = tuple(f"planned-{number}" for number in range(4))
PLAN, QUOTA = "plan-basic", 100_000
SPAN = timedelta(days=9)
COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens")


def open_accounts(*, now: datetime) -> None:
    """Open the accounts of the trace, and set its prices."""
    for name in PAYG:
        make_account(name, now=now)
    for name in PLANNED:
        make_account(name, now=now, plan_id=PLAN)
    for model, (prompt, completion, cached) in PRICES.items():
        make_price(
            model, prompt_pico=prompt, completion_pico=completion, cache_read_price_pico=cached
        )
    make_alias(ALIAS, model_id="whole")


def requests_of(dice: random.Random, number: int, *, name: str, now: datetime) -> Iterator[Record]:
    """Make so many requests of the days before now, none of them twice."""
    assert SPAN < AGE, "all of it happens in the first period of the accounts"
    for index in range(number):
        is_planned = dice.random() < 0.3
        # Few use much, and many use little.
        user = (PLANNED if is_planned else PAYG)[int((4 if is_planned else 6) * dice.random() ** 2)]
        prompt, moment = dice.randrange(4_000), now - SPAN * dice.random()
        yield {
            "user_id": user,
            "request_id": f"{name}-{index}",
            "model": "flat" if is_planned else dice.choice(list(NAMES)),
            "prompt_tokens": prompt,
            "completion_tokens": dice.randrange(1, 900),
            "cached_tokens": dice.choice((0, 0, prompt // 3)),
            "api_key_alias": dice.choice(("prod", "test")),
            "occurred_at": moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }


def in_conflict_with(record: Record) -> Record:
    """Return another request under the same id."""
    return {**record, "completion_tokens": int(str(record["completion_tokens"])) + 1}


def broken(record: Record, dice: random.Random) -> Record:
    """Return a record that must be refused, under an id of its own."""
    wrong = dice.choice(
        (
            {"prompt_tokens": -1},
            {"user_id": "nobody"},
            {"completion_tokens": 1.5},
            {"occurred_at": "2026-11-05T10:00:00"},
            {"cached_tokens": 10**6},
            {"model": ""},
            {"tokens": 5},
        )
    )
    return {**record, "request_id": f"broken-{record['request_id']}", **wrong}


def usage_of(records: Iterable[Record]) -> dict[tuple[str, str, str], Counter[str]]:
    """Add up what was used and what it costs: by account, model and day in UTC."""
    found: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for record in records:
        day = str(record["occurred_at"])[:10]
        sums = {**_counts(record), "requests": 1, "cost_nanos": _cost_nanos(record)}
        found[str(record["user_id"]), str(record["model"]), day].update(sums)
    return found


def final_nanos_of(records: Iterable[Record]) -> Counter[str]:
    """Return what each account pays: all of the cost, or what is beyond the plan."""
    used: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for record in records:
        user = str(record["user_id"])
        used[user] += total_of(record)
        paid[user] += _cost_nanos(record)
    return Counter(
        {user: max(used[user] - QUOTA, 0) if user in PLANNED else paid[user] for user in used}
    )


def tokens_of(records: Iterable[Record]) -> Counter[str]:
    """Return how many tokens each account has used."""
    used: Counter[str] = Counter()
    for record in records:
        used[str(record["user_id"])] += total_of(record)
    return used


def total_of(record: Record) -> int:
    """Return how many tokens a request has used."""
    return _counts(record)["total_tokens"]


def usd(nanos: int) -> Decimal:
    """Return an exact amount as answers show it."""
    return Decimal(nanos).scaleb(-9)


def _counts(record: Record) -> dict[str, int]:
    counts = {name: int(str(record.get(name, 0))) for name in COUNTS}
    return {**counts, "total_tokens": counts["prompt_tokens"] + counts["completion_tokens"]}


def _cost_nanos(record: Record) -> int:
    priced_as = NAMES.get(str(record["model"]), str(record["model"]))
    if priced_as is None:
        return 0
    prompt, completion, cached = PRICES[priced_as]
    counts = _counts(record)
    pico = (counts["prompt_tokens"] - counts["cached_tokens"]) * prompt
    pico += counts["cached_tokens"] * cached + counts["completion_tokens"] * completion
    return floor(Fraction(pico, 1_000) + Fraction(1, 2))
