"""Usage traces with exact totals of an independent program: one made up here, and a real one.

The made-up one has what is odd in the other: long names with slashes and colons, ten millionths of
a second, the edges of days and months, a very long prompt, failed calls. The real one stands beside
the repository and is no part of it: where it is missing, the tests that need it are skipped.
"""

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from app.foundation.money import pico_from_usd_per_1k

SERIAL = re.compile(r"\d+$")
ACCOUNTS = 10
SUMS = ("requests", "prompt_tokens", "completion_tokens", "total_tokens", "cost")

Totals = dict[str, int | Decimal]


@dataclass(frozen=True)
class Sample:
    """A trace, and where its totals stand."""

    trace: Path
    totals: Path

    @property
    def is_there(self) -> bool:
        """Tell whether both are at hand."""
        return self.trace.is_file() and self.totals.is_file()

    def records(self) -> list[dict[str, object]]:
        """Return the trace as our API takes it."""
        opened = gzip.open if self.trace.suffix == ".gz" else open
        with opened(self.trace, "rt", newline="") as file:
            return [
                {
                    "user_id": account_of(row["Request Id"]),
                    "request_id": row["Request Id"],
                    "model": row["Model"],
                    "prompt_tokens": int(row["Request tokens"]),
                    "completion_tokens": int(row["Response tokens"]),
                    "total_tokens": int(row["Total tokens"]),
                    "occurred_at": row["Timestamp"],
                }
                for row in csv.DictReader(file)
            ]

    def expected(self) -> dict:
        """Return the totals; costs are exact decimals, or None where no price is known."""
        return json.loads(self.totals.read_text(encoding="utf-8"), parse_float=Decimal)


HERE = Path(__file__).resolve().parent
BESIDE = HERE.parents[2] / "shared" / "data"
MADE = Sample(HERE / "made_sample.csv", HERE / "made_sample_expected.json")
REAL = Sample(BESIDE / "usage_sample.csv.gz", BESIDE / "usage_sample_expected.json")


def account_of(request_id: str) -> str:
    """Return whose request it is: told by the serial number at the end of its id."""
    return f"acct-{int(SERIAL.search(request_id)[0]) % ACCOUNTS}"


def totals_of(sums: dict) -> Totals:
    """Return expected sums in our words; tokens without a price have cost nothing yet."""
    return {**{name: sums[name] for name in SUMS[:-1]}, "cost": Decimal(sums["cost_A"] or 0)}


def added(buckets: Iterable[dict]) -> Totals:
    """Add buckets of the API up."""
    found: Totals = dict.fromkeys(SUMS, 0)
    for bucket in buckets:
        for name in SUMS:
            found[name] += bucket[name]
    return found


def grouped(buckets: Iterable[dict], *keys: str) -> dict[str, dict]:
    """Add buckets up by one key within another: by model and day, or by day alone."""
    parts: dict[str, list[dict]] = defaultdict(list)
    for bucket in buckets:
        parts[bucket[keys[0]]].append(bucket)
    inner = keys[1:]
    return {key: grouped(part, *inner) if inner else added(part) for key, part in parts.items()}


def exact_cost_nanos(posted: Iterable[dict], totals: dict) -> Fraction:
    """Add up what the trace costs at its list prices, without rounding anything."""
    prices = {
        model: [pico_from_usd_per_1k(price) for price in both]
        for model, both in totals["prices_A_per_1k"].items()
    }
    exact = Fraction(0)
    for record in posted:
        price = prices.get(totals["alias_A"].get(record["model"], record["model"]))
        if price is not None:
            pico = record["prompt_tokens"] * price[0] + record["completion_tokens"] * price[1]
            # Each record of this trace costs whole nanos: rounding one by one must lose nothing.
            assert pico % 1_000 == 0
            exact += Fraction(pico, 1_000)
    return exact
