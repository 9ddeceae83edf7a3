"""A customer's pages as he sees them himself: only to be read, and every look is noted."""

import re
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Act
from app.entrypoints.web import invoices, usage, usage_filter
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.read_only import read_only
from app.entrypoints.web.overview import figures_of, metric_of, overview_of
from app.foundation import clock, journal
from app.foundation.database import transaction
from app.foundation.web_addresses import split_address

# Which of a customer's addresses can be looked at from here.
SEEN = re.compile(r"/(?:usage|invoices(?:/[\w-]+)?)?", re.ASCII)

RANGES = usage_filter.RANGE_NAMES

pages = Blueprint("seeing", __name__)


@pages.get("/customers/<user_id>/view")
def see_overview(user_id: str) -> ResponseReturnValue:
    """Show a customer's overview."""
    return _see(user_id, "overview", _overview)


@pages.get("/customers/<user_id>/view/usage")
def see_usage(user_id: str) -> ResponseReturnValue:
    """Show a customer's usage, in the range asked for."""
    return _see(user_id, "usage", _usage)


@pages.get("/customers/<user_id>/view/invoices")
def see_invoices(user_id: str) -> ResponseReturnValue:
    """Show a customer's invoices."""
    return _see(user_id, "invoices", _invoices)


@pages.get("/customers/<user_id>/view/invoices/<reference>")
def see_invoice(user_id: str, reference: str) -> ResponseReturnValue:
    """Show one of a customer's invoices."""
    return _see(user_id, "invoice", lambda account: _invoice(account, reference))


def _see(user_id: str, page: str, draw: Callable[[Account], str]) -> ResponseReturnValue:
    account, _ = queries.customer_with_settings(user_id)
    # A transaction reads everybody anew whom it is asked about: these names are kept from before.
    seen_id, by = account.id, actor()
    answer = show(
        "web/operator/seeing/index.html",
        "web/operator/seeing/_seen.html",
        customer=account,
        page=page,
        ranges={name: RANGES[name] for name in RANGES if name != usage_filter.CUSTOM},
        range_chosen=request.args.get("range") or usage_filter.DEFAULT_RANGE,
        html=read_only(draw(account), _leading_from(user_id)),
    )
    # No answer leaves before its look is noted.
    with transaction():
        journal.write(
            Act.ACCOUNT_SEEN, actor=by, user_id=seen_id, now=clock.now(), details={"page": page}
        )
    return answer


def _overview(account: Account) -> str:
    found = overview_of(account)
    # The first steps are for somebody who can take them.
    return figures_of(account, replace(found, first_steps=None), metric=metric_of(found)).html


def _usage(account: Account) -> str:
    return render_template("web/usage/_chart.html", **usage.shown(account))


def _invoices(account: Account) -> str:
    return render_template("web/invoices/_invoices.html", **invoices.list_of(account))


def _invoice(account: Account, reference: str) -> str:
    context = {**invoices.invoice_of(account, reference), "saving": None, "trouble": ""}
    return render_template("web/invoices/_invoice.html", **context)


def _leading_from(user_id: str) -> Callable[[str], str | None]:
    """Return what leads from a customer's own addresses to what is seen of them here."""
    root = url_for("web.operator.seeing.see_overview", user_id=user_id)

    def lead(address: str) -> str | None:
        asked = split_address(address)
        if asked.scheme or asked.netloc or not SEEN.fullmatch(asked.path):
            return address if address.startswith("#") else None
        return asked._replace(path=root + asked.path.rstrip("/")).geturl()

    return lead
