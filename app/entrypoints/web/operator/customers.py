"""Customers: looking for them, and how one of them stands, as he sees it himself."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts import email_changes
from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.standing import BY_OPERATOR
from app.domain.catalog import queries as catalog
from app.domain.invoices.searching import invoices_found
from app.domain.payments import queries as payments
from app.domain.reporting import customers
from app.domain.reporting.overview import Overview, figures
from app.domain.reporting.rules import share_permille
from app.domain.tokens.queries import entries_page
from app.entrypoints.settings import credit_limits, renewal_grace
from app.entrypoints.web import charts
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, local, show, text_asked
from app.entrypoints.web.operator.journal_reading import ActTold, acts_told
from app.entrypoints.web.page_numbers import cursor_asked, page_number
from app.entrypoints.web.usage_choices import Metric
from app.foundation import clock, journal

LATEST = 5

pages = Blueprint("customers", __name__)


@pages.get("/customers")
def index() -> ResponseReturnValue:
    """Show the newest customers, or those whose id, mail or name has the text asked for."""
    query, cursor = text_asked("query"), cursor_asked()
    found = customers.customers_page(
        query=query, cursor=cursor, limit=ROWS_PER_PAGE, now=clock.now(), grace=renewal_grace()
    )
    return show(
        "web/operator/customers/index.html",
        "web/operator/customers/_customers.html",
        found=found,
        plan_names={plan.id: plan.name for plan in catalog.plans()},
        query=query,
        cursor=cursor,
    )


@pages.get("/customers/<user_id>")
def show_customer(user_id: str) -> ResponseReturnValue:
    """Show a customer's figures, and the latest of what happened."""
    now = clock.now()
    account, chosen, change = accounts.customer_with_all(user_id)
    seen = figures(account, chosen, now=now, grace=renewal_grace(), limits=credit_limits())
    return show(
        "web/operator/customers/show.html",
        "web/operator/customers/_customer.html",
        customer=customers.customer_seen(account, seen),
        chosen=accounts.view_of(account, chosen),
        pending=email_changes.seen(change, account, now=now),
        overview=seen,
        chart=charts.draw(seen.recent, metric=_metric(seen), in_order=seen.models),
        quota_used=share_permille(seen.period.quota_tokens_used, seen.period.quota),
        latest=_latest(account, now=now),
    )


@pages.get("/customers/<user_id>/tokens")
def tokens(user_id: str) -> ResponseReturnValue:
    """Show what became of a customer's extra tokens."""
    account, _ = accounts.customer_with_settings(user_id)
    page = page_number()
    return show(
        "web/operator/customers/tokens.html",
        "web/operator/customers/_ledger.html",
        customer=account,
        found=entries_page(account, page=page, page_size=ROWS_PER_PAGE),
        page=page,
        page_size=ROWS_PER_PAGE,
    )


def _latest(account: Account, *, now: datetime) -> Mapping[str, object]:
    """Return the first few of each list that has a page of its own, and why he is suspended."""
    return {
        "suspension": _suspension(account),
        "invoices": invoices_found(query=account.id, now=now, limit=LATEST).rows,
        "payments": payments.latest_payments(account, limit=LATEST),
        "entries": entries_page(account, page=1, page_size=LATEST).entries,
        "acts": acts_told(journal.entries(user_id=account.id, limit=LATEST).rows, local=local()),
    }


def _suspension(account: Account) -> ActTold | None:
    """Return the act by which an operator has suspended the customer, if it was one."""
    if account.suspended_because != BY_OPERATOR:
        return None
    acts = journal.entries(user_id=account.id, action="account_suspended", limit=1).rows
    return next(iter(acts_told(acts, local=local(), known=("because",))), None)


def _metric(seen: Overview) -> Metric:
    # Who stays inside his plan pays nothing: then the tokens tell more than the cost.
    return Metric.COST if seen.recent.totals.final_nanos else Metric.TOKENS
