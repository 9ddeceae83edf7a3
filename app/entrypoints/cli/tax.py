"""`billing tax`: what the customers of a country pay on top."""

import click

from app.domain.invoices import tax_table
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.tables import print_table
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.money import basis_points_from_percent, percent_from_basis_points


@click.group()
def tax() -> None:
    """Set, list and remove the taxes of countries."""


@tax.command("set")
@click.argument("country")
@click.option("--name", required=True, help="What invoices call it, such as VAT.")
@click.option("--percent", required=True, help="Of the net amount, such as 19 or 7.7.")
def set_tax(*, country: str, name: str, percent: str) -> None:
    """Let customers of COUNTRY (two letters) pay a tax on invoices issued from now on."""
    try:
        rate_bp = basis_points_from_percent(percent)
    except ValueError as error:
        raise Failed(f"The percentage is not valid: {error}.") from error
    with installation(), transaction():
        rate = tax_table.set_tax(country, name=name, rate_bp=rate_bp, actor=ACTOR, now=clock.now())
    click.echo(f"{rate.country} pays {percent_from_basis_points(rate.rate_bp):f} % {rate.name}.")


@tax.command("list")
def list_taxes() -> None:
    """List the countries whose customers pay a tax."""
    with installation():
        rows = [
            (rate.country, rate.name, f"{percent_from_basis_points(rate.rate_bp):f}")
            for rate in tax_table.taxes()
        ]
    print_table(("COUNTRY", "NAME", "PERCENT"), rows)


@tax.command()
@click.argument("country")
def remove(country: str) -> None:
    """Let customers of COUNTRY pay no tax on invoices issued from now on."""
    with installation(), transaction():
        tax_table.remove_tax(country, actor=ACTOR, now=clock.now())
    click.echo(f"{country.strip().upper()} pays no tax.")
