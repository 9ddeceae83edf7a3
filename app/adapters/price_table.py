"""LiteLLM's public price table: a JSON object of models, priced in USD per single token.

Its file is `model_prices_and_context_window_backup.json` of the litellm package. Numbers are read
as decimals, so that 1.5e-7 stays what was written.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from app.domain.catalog import price_changes
from app.domain.catalog.errors import (
    ModelNameInvalid,
    PriceInvalid,
    PriceTableTooLarge,
    PriceTableUnreadable,
)
from app.domain.catalog.price_changes import ListedPrice, PriceTable, PriceTerms, SkippedEntry
from app.foundation import money

FILE_BYTES_MAX = 64 * 1024 * 1024
# The entry that explains the others.
SAMPLE = "sample_spec"
TOKEN_MODES = ("chat", "completion", "responses", "embedding")
PROMPT = "input_cost_per_token"
COMPLETION = "output_cost_per_token"
CACHE_READ = "cache_read_input_token_cost"
CACHE_WRITE = "cache_creation_input_token_cost"
TIERS = "tiered_pricing"
# An older name of the cache read price, which the table repeats beside the newer one.
CACHE_READ_BEFORE = "input_cost_per_token_cache_hit"
CHARGED = {PROMPT, COMPLETION, CACHE_READ, CACHE_WRITE, CACHE_READ_BEFORE}
# What an entry may charge beyond that, told by its name; the first that fits, in words.
IGNORED = (
    (re.compile(r"_above_\d+k_tokens|^tiered_pricing$"), "prices by length of the prompt"),
    (re.compile(r"_(batches|priority|flex|balanced|ultrafast)$"), "prices of service tiers"),
    (re.compile(r"_above_\d+hr"), "cache writes that are kept longer"),
    (re.compile(r"(reasoning|audio|image|video)_token"), "other prices of some kinds of tokens"),
    (re.compile(r"cost"), "charges that are not by the token"),
)

Entry = Mapping[str, object]


class _Skipped(Exception):
    """An entry gives no price; the message says why."""


def read_price_table(file: Path) -> PriceTable:
    """Read the table. Raises PriceTableUnreadable and PriceTableTooLarge."""
    prices: list[ListedPrice] = []
    skipped: list[SkippedEntry] = []
    for model_id, entry in _entries(file).items():
        try:
            prices.append(_listed(model_id, entry))
        except _Skipped as why:
            skipped.append(SkippedEntry(model_id, str(why)))
    return PriceTable(prices, skipped)


def _entries(file: Path) -> Mapping[str, object]:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise PriceTableTooLarge("A price table has at most 64 MB.")
        table = json.loads(file.read_bytes(), parse_float=Decimal, parse_constant=_no_number)
    except OSError as error:
        raise PriceTableUnreadable(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise PriceTableUnreadable(f"{file} is not valid JSON: {error}.") from error
    if not isinstance(table, dict):
        raise PriceTableUnreadable(f"{file} is not a table of models: it holds no JSON object.")
    return table


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not a number")


def _listed(model_id: str, entry: object) -> ListedPrice:
    if model_id == SAMPLE:
        raise _Skipped("explains the table")
    if not isinstance(entry, dict):
        raise _Skipped("is no entry")
    try:
        price_changes.checked_model_name(model_id)
        mode = entry.get("mode")
        if mode not in TOKEN_MODES:
            raise _Skipped(f"is not charged by the token (mode {mode or 'not named'})")
        terms = _terms(_base(entry), entry.get("litellm_provider"), mode=str(mode))
        price_changes.check_terms(terms)
    except (ModelNameInvalid, PriceInvalid) as refusal:
        raise _Skipped(refusal.message) from refusal
    return ListedPrice(model_id, terms, tuple(sorted(set(_ignored(entry)))))


def _base(entry: Entry) -> Entry:
    """Return the entry, with the prices of its first tier where it names no others."""
    tiers = entry.get(TIERS)
    if entry.get(PROMPT) is None and isinstance(tiers, list) and tiers:
        first = tiers[0]
        span = first.get("range") if isinstance(first, dict) else None
        if isinstance(span, list) and span and span[0] == 0:
            return {**entry, **first}
    return entry


def _terms(entry: Entry, provider: object, *, mode: str) -> PriceTerms:
    prompt, completion = _pico(entry, PROMPT), _pico(entry, COMPLETION)
    if prompt is None:
        raise _Skipped("has no prompt price by the token")
    if completion is None and mode == "embedding":
        completion = 0  # embeddings have no completion that could cost anything
    if completion is None:
        raise _Skipped("has no completion price by the token")
    if prompt == 0 and completion == 0:
        # Local models, trials and sets of models stand in the table like this, too.
        raise _Skipped("is free in the table, which we take for unknown")
    return PriceTerms(
        prompt_pico=prompt,
        completion_pico=completion,
        cache_read_pico=_pico(entry, CACHE_READ),
        # A 0 here says that writing costs nothing on top of the prompt's own price.
        cache_write_pico=_pico(entry, CACHE_WRITE) or None,
        provider=provider if isinstance(provider, str) and provider else None,
    )


def _pico(entry: Entry, name: str) -> int | None:
    price = entry.get(name)
    if price is None:
        return None
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise _Skipped(f"has a price that is no number ({name})")
    try:
        return money.pico_from_usd_per_token(Decimal(price))
    except ValueError as error:
        raise _Skipped(f"has a price that we cannot charge exactly ({name}: {error})") from error


def _ignored(entry: Entry) -> Iterator[str]:
    """Name what the entry charges beyond the prices that we take."""
    for name, price in entry.items():
        if name not in CHARGED and price is not None:
            words = next((words for pattern, words in IGNORED if pattern.search(name)), None)
            if words is not None:
                yield words
