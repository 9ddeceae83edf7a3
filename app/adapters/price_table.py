"""LiteLLM's public price table: a JSON object of models, priced in USD per single token.

Its file is `model_prices_and_context_window_backup.json` of the litellm package. Numbers are read
as decimals, so that 1.5e-7 stays what was written.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from app.domain.catalog import price_changes
from app.domain.catalog.errors import (
    ModelNameInvalid,
    PriceInvalid,
    PriceTableTooLarge,
    PriceTableUnreadable,
)
from app.domain.catalog.price_changes import (
    ListedPrice,
    PriceTable,
    PriceTerms,
    SkippedEntry,
    is_unstorable,
)
from app.foundation import money
from app.foundation.sentences import say

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
    (re.compile(r"_above_\d+k_tokens|^tiered_pricing$"), say("prices by length of the prompt")),
    (re.compile(r"_(batches|priority|flex|balanced|ultrafast)$"), say("prices of service tiers")),
    (re.compile(r"_above_\d+hr"), say("cache writes that are kept longer")),
    (
        re.compile(r"(reasoning|audio|image|video)_token"),
        say("other prices of some kinds of tokens"),
    ),
    (re.compile(r"cost"), say("charges that are not by the token")),
)
# What a table of others says is repeated no further than this.
WORD_LENGTH_MAX = 40
UNNAMED = say("not named")

Entry = Mapping[str, object]


class _Skipped(Exception):
    """An entry gives no price; the sentence goes on from the name and says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read_price_table(file: Path) -> PriceTable:
    """Read the table of a file. Raises PriceTableUnreadable and PriceTableTooLarge."""
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise PriceTableTooLarge(say("A price table has at most 64 MB."))
        content = file.read_bytes()
    except OSError as error:
        said = {"file": str(file), "reason": error.strerror}
        raise PriceTableUnreadable(say("{file} cannot be read: {reason}.", said)) from error
    return parse_price_table(content, name=str(file))


def parse_price_table(content: bytes, *, name: str) -> PriceTable:
    """Read the table that a file of this name holds. Raises PriceTableUnreadable."""
    prices: list[ListedPrice] = []
    skipped: list[SkippedEntry] = []
    for model_id, entry in _entries(content, name).items():
        try:
            prices.append(_listed(model_id, entry))
        except _Skipped as skip:
            skipped.append(SkippedEntry(model_id, skip.why))
    return PriceTable(prices, skipped)


def _entries(content: bytes, name: str) -> Mapping[str, object]:
    try:
        table = json.loads(content, parse_float=Decimal, parse_constant=_no_number)
    # A number beyond every exponent is none for decimals either, and says so in its own way.
    except (ValueError, RecursionError, InvalidOperation) as error:
        said = {"file": name, "reason": str(error)}
        raise PriceTableUnreadable(say("{file} is not valid JSON: {reason}.", said)) from error
    if not isinstance(table, dict):
        raise PriceTableUnreadable(
            say("{file} is not a table of models: it holds no JSON object.", {"file": name})
        )
    return table


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not a number")


def _listed(model_id: str, entry: object) -> ListedPrice:
    if model_id == SAMPLE:
        raise _Skipped(say("explains the table"))
    if not isinstance(entry, dict):
        raise _Skipped(say("is no entry"))
    try:
        price_changes.checked_model_name(model_id)
        mode = entry.get("mode")
        if mode not in TOKEN_MODES:
            named = str(mode)[:WORD_LENGTH_MAX] if mode else UNNAMED
            raise _Skipped(say("is not charged by the token (mode {mode})", {"mode": named}))
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
        raise _Skipped(say("has no prompt price by the token"))
    if completion is None and mode == "embedding":
        completion = 0  # embeddings have no completion that could cost anything
    if completion is None:
        raise _Skipped(say("has no completion price by the token"))
    if prompt == 0 and completion == 0:
        # Local models, trials and sets of models stand in the table like this, too.
        raise _Skipped(say("is free in the table, which we take for unknown"))
    return PriceTerms(
        prompt_pico=prompt,
        completion_pico=completion,
        cache_read_pico=_pico(entry, CACHE_READ),
        # A 0 here says that writing costs nothing on top of the prompt's own price.
        cache_write_pico=_pico(entry, CACHE_WRITE) or None,
        provider=_label(provider),
    )


def _label(provider: object) -> str | None:
    """Return the provider's name; none for what is no name that we could keep."""
    is_name = isinstance(provider, str) and 0 < len(provider) <= WORD_LENGTH_MAX
    return str(provider) if is_name and not is_unstorable(str(provider)) else None


def _pico(entry: Entry, name: str) -> int | None:
    price = entry.get(name)
    if price is None:
        return None
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise _Skipped(say("has a price that is no number ({name})", {"name": name}))
    try:
        return money.pico_from_usd_per_token(Decimal(price))
    except ValueError as error:
        said = {"name": name, "reason": error.args[0]}
        raise _Skipped(
            say("has a price that we cannot charge exactly ({name}: {reason})", said)
        ) from error


def _ignored(entry: Entry) -> Iterator[str]:
    """Name what the entry charges beyond the prices that we take."""
    for name, price in entry.items():
        if name not in CHARGED and price is not None:
            words = next((words for pattern, words in IGNORED if pattern.search(name)), None)
            if words is not None:
                yield words
