"""`billing plans`: what is for sale."""

import click

from app.domain.catalog import queries
from app.domain.catalog.models import Plan
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.tables import print_table
from app.foundation.money import usd_from_minor, usd_per_1k_from_pico

HEADINGS = ("ID", "NAME", "TOKENS", "USD A MONTH", "USD PER 1K EXTRA", "STATE")


@click.group()
def plans() -> None:
    """Look at the plans."""


@plans.command("list")
def list_plans() -> None:
    """List every plan: its quota, its price and the price of extra tokens."""
    with installation():
        print_table(HEADINGS, [_row(plan) for plan in queries.plans()])


def _row(plan: Plan) -> tuple[str, ...]:
    extra = plan.extra_token_price_pico
    state = "hidden" if plan.is_hidden else "offered" if plan.is_active else "not offered"
    return (
        plan.id,
        plan.name,
        f"{plan.monthly_quota:,}",
        f"{usd_from_minor(plan.monthly_price_minor):.2f}",
        "none for sale" if extra is None else f"{usd_per_1k_from_pico(extra):f}",
        state,
    )
