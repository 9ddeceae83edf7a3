"""`billing payments`: what came in, what is undecided, and sending money back."""

import click

from app.domain.payments import queries
from app.domain.payments.views import PaymentView
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.amounts import Usd
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.tables import print_table
from app.entrypoints.queueing import nudge
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.figures import usd_of_minor
from app.foundation.money import usd_from_minor
from app.workflows.request_refund import request_refund

HEADINGS = ("PAYMENT", "CUSTOMER", "FOR", "PROVIDER", "STATUS", "USD", "REFUNDED", "BEGUN")


@click.group()
def payments() -> None:
    """Look at payments, and send money back."""


@payments.command("list")
@click.option("--overpaid", "chosen", flag_value="overpaid", help="Money that had nothing to pay.")
@click.option("--undecided", "chosen", flag_value="undecided", help="Undecided for over a day.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many."
)
def list_payments(*, chosen: str | None, limit: int) -> None:
    """List the newest attempts to pay, of all customers."""
    with installation():
        print_table(HEADINGS, [_row(payment) for payment in _payments(chosen, limit)])


@payments.command()
@click.argument("payment_id")
@click.option("--amount", type=Usd(), help="How much.  [default: all that can be]")
@click.option("--reason", required=True, help="Why; it stands on the credit note.")
def refund(*, payment_id: str, amount: int | None, reason: str) -> None:
    """Send money of PAYMENT_ID back through its provider; the worker does it.

    What it had paid for is taken back once the money is: of extra tokens, only what is unused
    can be refunded; a plan that is refunded in full ends.
    """
    with installation():
        with transaction():
            asked = request_refund(
                payment_id, amount_minor=amount, reason=reason, actor=ACTOR, now=clock.now()
            )
        nudge()
    click.echo(f"{usd_of_minor(asked.amount_minor)} of {payment_id} go back (refund {asked.id}).")


def _payments(chosen: str | None, limit: int) -> tuple[PaymentView, ...]:
    if chosen == "overpaid":
        return queries.overpayments(limit=limit)
    if chosen == "undecided":
        return queries.undecided_too_long(now=clock.now(), limit=limit)
    return queries.newest_payments(limit=limit)


def _row(payment: PaymentView) -> tuple[str, ...]:
    return (
        payment.id,
        payment.user_id,
        payment.invoice_number or payment.purpose,
        payment.provider,
        payment.status + (" (overpaid)" if payment.is_overpayment else ""),
        f"{usd_from_minor(payment.amount_minor):.2f}",
        f"{usd_from_minor(payment.refunded_minor):.2f}",
        f"{payment.created_at:%Y-%m-%d %H:%M:%S}",
    )
