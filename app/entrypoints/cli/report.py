"""`billing report`: what a month brought."""

from collections.abc import Sequence

import click
import msgspec

from app.domain.reporting.monthly import MonthlyReport, monthly_report
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.months import month_of
from app.entrypoints.cli.tables import print_table
from app.entrypoints.report_shapes import report_body
from app.foundation import clock
from app.foundation.money import usd_from_minor, usd_from_nanos

USAGE_HEADINGS = ("USD", "TOKENS", "RECORDS")


@click.command()
@click.argument("month", metavar="YYYY-MM")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as the API answers.")
def report(*, month: str, as_json: bool) -> None:
    """Print what a month brought: usage, invoices, payments, and what is still owed."""
    wanted = month_of(month)
    with installation():
        found = monthly_report(wanted, now=clock.now())
    if as_json:
        click.echo(msgspec.json.Encoder(decimal_format="number").encode(report_body(found)))
    else:
        _print(found)


def _print(found: MonthlyReport) -> None:
    print_table((str(found.month), "USD"), _amounts(found))
    click.echo(f"\n{found.total_tokens:,} tokens in {found.record_count:,} records")
    if found.unpriced_tokens:
        click.echo(f"{found.unpriced_tokens:,} of the tokens have no price so far")
    came, went = found.new_subscriptions, found.lost_subscriptions
    click.echo(f"{came:,} new and {went:,} lost subscriptions")
    if found.by_plan:
        click.echo()
        print_table(("PLAN", *USAGE_HEADINGS, "SUBSCRIPTIONS USD", "NEW", "LOST"), _plans(found))
    if found.by_model:
        click.echo()
        print_table(("MODEL", *USAGE_HEADINGS), _models(found))


def _amounts(found: MonthlyReport) -> Sequence[tuple[str, str]]:
    invoiced, moved = found.invoiced, found.moved
    cents = {
        "subscriptions invoiced": invoiced.subscription_minor,
        "top-ups invoiced": invoiced.topup_minor,
        "discounts given": invoiced.discount_minor,
        "tax invoiced": invoiced.tax_minor,
        "payments": moved.received_minor,
        "refunds": moved.refunded_minor,
        "disputes lost": moved.disputed_minor,
        "collected": moved.collected_minor,
        "outstanding": found.outstanding_minor,
    }
    return [
        ("usage", f"{usd_from_nanos(found.revenue_nanos):f}"),
        ("usage per record", f"{usd_from_nanos(found.average_nanos):f}"),
        *((words, f"{usd_from_minor(minor):.2f}") for words, minor in cents.items()),
    ]


def _plans(found: MonthlyReport) -> Sequence[tuple[str, ...]]:
    return [
        (
            plan.plan_id,
            f"{usd_from_nanos(plan.revenue_nanos):f}",
            f"{plan.total_tokens:,}",
            f"{plan.record_count:,}",
            f"{usd_from_minor(plan.subscription_minor):.2f}",
            f"{plan.new_subscriptions:,}",
            f"{plan.lost_subscriptions:,}",
        )
        for plan in found.by_plan
    ]


def _models(found: MonthlyReport) -> Sequence[tuple[str, ...]]:
    return [
        (
            model.model,
            "unpriced" if model.is_unpriced else f"{usd_from_nanos(model.revenue_nanos):f}",
            f"{model.total_tokens:,}",
            f"{model.record_count:,}",
        )
        for model in found.by_model
    ]
