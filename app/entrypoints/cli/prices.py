"""`billing prices`: what models' tokens cost."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from app.domain.catalog import operations, queries
from app.domain.catalog.price_changes import SINCE_EVER, PriceTerms, pico_of_price
from app.domain.usage import unpriced
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.moments import Moment
from app.entrypoints.cli.prices_shown import print_import, print_prices, print_unpriced, shown_price
from app.foundation import clock
from app.foundation.database import transaction
from app.wiring import read_price_table
from app.workflows.import_prices import import_prices


@click.group()
def prices() -> None:
    """Set, import and list the prices of models."""


@prices.command("set")
@click.argument("model")
@click.option("--prompt", required=True, help="USD per 1,000 prompt tokens.")
@click.option("--completion", required=True, help="USD per 1,000 completion tokens.")
@click.option("--cache-read", help="USD per 1,000 tokens read from a cache.  [default: --prompt]")
@click.option("--cache-write", help="USD per 1,000 tokens written to it.  [default: --prompt]")
@click.option("--alias", "aliases", multiple=True, help="Another name of the model; repeatable.")
@click.option("--from", "starts_at", type=Moment(), help="When it begins.  [default: since ever]")
def set_price(
    *,
    model: str,
    prompt: str,
    completion: str,
    cache_read: str | None,
    cache_write: str | None,
    aliases: Sequence[str],
    starts_at: datetime | None,
) -> None:
    """Set what MODEL costs.

    From --from on this is the price: the one before ends there, later ones no longer count.
    Without --from it replaces all of them. Usage that was recorded keeps what it cost. An --alias
    that stood for another model stands for this one now; a model with a price of its own cannot
    be an alias.
    """
    terms = PriceTerms(
        prompt_pico=pico_of_price("prompt", prompt),
        completion_pico=pico_of_price("completion", completion),
        cache_read_pico=None if cache_read is None else pico_of_price("cache read", cache_read),
        cache_write_pico=None if cache_write is None else pico_of_price("cache write", cache_write),
    )
    start, now = starts_at or SINCE_EVER, clock.now()
    with installation(), transaction():
        change = operations.set_price(model, terms, starts_at=start, actor=ACTOR, now=now)
        for alias in aliases:
            operations.set_alias(alias, model_id=model, actor=ACTOR, now=now)
    known = "" if change else " already"
    click.echo(f"{model} costs {shown_price(terms)}{known}.")


@prices.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only print what would change.")
@click.option(
    "--override", multiple=True, help="A model that is imported though set by hand; repeatable."
)
@click.option("--verbose", is_flag=True, help="Name every model, not just examples.")
def import_table(*, file: Path, dry_run: bool, override: Sequence[str], verbose: bool) -> None:
    """Import FILE, LiteLLM's public price table.

    FILE is model_prices_and_context_window_backup.json of the litellm package. Models without a
    price yet cost what it says since ever, changed ones from now on; importing it again changes
    nothing. A price or an alias set by hand stays as it is unless --override names the model.
    Entries that are not charged by the token, are free, or have prices finer than a pico-USD a
    token are left out; of prices by length, service tier or kind of token only the base counts.
    """
    table, now = read_price_table(file), clock.now()
    with installation():
        if dry_run:
            changes = queries.price_import(table.prices, override=override, now=now)
        else:
            with transaction():
                changes = import_prices(table.prices, override=override, actor=ACTOR, now=now)
    print_import(changes, table, is_plan=dry_run, examples_max=None if verbose else 3)


@prices.command("unpriced")
def list_unpriced() -> None:
    """List the models whose usage waits for a price, those with most tokens first."""
    with installation():
        print_unpriced(unpriced.unpriced_usage())


@prices.command("list")
def list_prices() -> None:
    """List every price that counts now or later, in USD per 1,000 tokens, and every alias."""
    with installation():
        print_prices(queries.prices_in_force(), queries.model_of_alias(), now=clock.now())
