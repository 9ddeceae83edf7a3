"""`billing invoices`: what an operator does about invoices that went out."""

import click

from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.amounts import Usd
from app.entrypoints.cli.installation import installation
from app.entrypoints.queueing import nudge
from app.entrypoints.selling import seller_of
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.figures import usd_of_minor
from app.workflows.credit_invoice import credit_invoice
from app.workflows.replace_invoice import replace_invoice
from app.workflows.void_invoice import void_invoice

REASON = "Why; the customer reads it."


@click.group()
def invoices() -> None:
    """Void, replace and credit invoices. Issued ones never change."""


@invoices.command()
@click.argument("number")
@click.option("--reason", required=True, help=REASON)
def void(*, number: str, reason: str) -> None:
    """Forgive the unpaid invoice NUMBER: its coupons and credit come back."""
    with installation():
        with transaction():
            invoice = void_invoice(number, reason=reason, actor=ACTOR, now=clock.now())
        nudge()
    click.echo(f"{invoice.invoice_number} is void.")


@invoices.command()
@click.argument("number")
@click.option("--reason", required=True, help=REASON)
def replace(*, number: str, reason: str) -> None:
    """Void the unpaid invoice NUMBER and bill the same lines anew.

    Addresses, tax, coupons and credit are those of now.
    """
    with installation() as settings:
        with transaction():
            invoice = replace_invoice(
                number,
                reason=reason,
                seller=seller_of(settings),
                actor=ACTOR,
                now=clock.now(),
            )
        nudge()
    click.echo(f"{number} is void; {invoice.invoice_number} takes its place.")


@invoices.command()
@click.argument("number")
@click.option("--amount", type=Usd(), required=True, help="How much, with tax.")
@click.option("--reason", required=True, help=REASON)
def credit(*, number: str, amount: int, reason: str) -> None:
    """Take some of the paid invoice NUMBER back: a credit note is issued, no money moves.

    The amount becomes account credit, which the next invoices use first. To send money back, use
    `billing payments refund`; an unpaid invoice is voided or replaced.
    """
    with installation():
        with transaction():
            note = credit_invoice(
                number, amount_minor=amount, reason=reason, actor=ACTOR, now=clock.now()
            )
        nudge()
    click.echo(f"{note.credit_note_number}: {usd_of_minor(amount)} became account credit.")
