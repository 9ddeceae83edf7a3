"""Prices and imports as the command line shows them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click

from app.domain.catalog.price_changes import (
    SINCE_EVER,
    PriceChange,
    PriceImport,
    PriceInForce,
    PriceTable,
    PriceTerms,
)
from app.domain.usage.unpriced import UnpricedModel
from app.entrypoints.cli.tables import print_table
from app.foundation.money import usd_per_1k_from_pico

HEADINGS = ("MODEL", "PROMPT", "COMPLETION", "CACHE READ", "CACHE WRITE", "FROM", "SET BY")


def shown_price(terms: PriceTerms) -> str:
    """Return `0.03 / 0.06 USD per 1,000 tokens`."""
    return f"{_usd(terms.prompt_pico)} / {_usd(terms.completion_pico)} USD per 1,000 tokens"


def print_prices(
    in_force: Mapping[str, Sequence[PriceInForce]], aliases: Mapping[str, str], *, now: datetime
) -> None:
    """Print the prices from now on, and the aliases."""
    ahead = [
        price
        for prices in in_force.values()
        for price in prices
        if price.effective_to is None or price.effective_to > now
    ]
    print_table(HEADINGS, [_row(price) for price in ahead])
    if aliases:
        click.echo()
        print_table(("ALIAS", "MODEL"), list(aliases.items()))


def print_import(
    changes: PriceImport, table: PriceTable, *, is_plan: bool, examples_max: int | None
) -> None:
    """Print what an import changed, or would change, and what it left out, and why."""
    counts = {
        "new": len(changes.new),
        "changed": len(changes.changed),
        "unchanged": changes.unchanged,
        "kept as set by hand": len(changes.kept),
        "left out": len(table.skipped),
    }
    summary = ", ".join(f"{count:,} {words}" for words, count in counts.items())
    click.echo(f"{summary}." + (" Nothing was written." if is_plan else ""))
    _print_some("new", [_change(change) for change in changes.new], examples_max)
    _print_some("changed", [_change(change) for change in changes.changed], examples_max)
    _print_some("kept as set by hand", changes.kept, examples_max)
    left_out = ((entry.reason, entry.model_id) for entry in table.skipped)
    for reason, models in _by_words(left_out).items():
        _print_some(f"left out, because it {reason}", models, examples_max)
    ignored = ((words, price.model_id) for price in table.prices for words in price.ignored)
    for words, models in _by_words(ignored).items():
        _print_some(f"imported without {words}", models, examples_max)


def print_unpriced(models: Sequence[UnpricedModel]) -> None:
    """Print the models that have no price, and how much usage waits for one."""
    if not models:
        click.echo("No usage waits for a price.")
        return
    rows = [(each.model, f"{each.records:,}", f"{each.tokens:,}") for each in models]
    print_table(("MODEL", "RECORDS", "TOKENS"), rows)


def _print_some(words: str, lines: Sequence[str], examples_max: int | None) -> None:
    if not lines:
        return
    click.echo(f"\n{len(lines):,} {words}:")
    for line in lines[:examples_max]:
        click.echo(f"  {line}")
    if examples_max is not None and len(lines) > examples_max:
        click.echo(f"  … and {len(lines) - examples_max:,} more (--verbose names them)")


def _by_words(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather the models by what is said of them, what is said most often first."""
    models: dict[str, list[str]] = defaultdict(list)
    for words, model_id in pairs:
        models[words].append(model_id)
    return dict(sorted(models.items(), key=lambda item: -len(item[1])))


def _change(change: PriceChange) -> str:
    before = f"{shown_price(change.before)} → " if change.before else ""
    return f"{change.model_id}: {before}{shown_price(change.terms)}"


def _row(price: PriceInForce) -> tuple[str, ...]:
    terms, start = price.terms, price.effective_from
    return (
        price.model_id,
        _usd(terms.prompt_pico),
        _usd(terms.completion_pico),
        _usd(terms.cache_read_pico),
        _usd(terms.cache_write_pico),
        "ever" if start == SINCE_EVER else start.isoformat().replace("+00:00", "Z"),
        price.set_by or "",
    )


def _usd(pico: int | None) -> str:
    return "as prompt" if pico is None else f"{usd_per_1k_from_pico(pico):f}"
