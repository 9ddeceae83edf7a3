"""A customer's pages as he sees them himself: only to be read, and every look is noted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Act
from app.domain.invoices import filing
from app.domain.invoices.documents import DocumentKind
from app.entrypoints.documents import pdf_answer
from app.entrypoints.web import (
    alerts,
    coupons,
    invoices,
    keys,
    payment_methods,
    plans,
    settings,
    tokens,
    usage,
    usage_choices,
)
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.journal_words import VALUES
from app.entrypoints.web.operator.read_only import read_only
from app.entrypoints.web.overview import figures_of, metric_of, overview_of
from app.foundation import clock, journal
from app.foundation.database import transaction
from app.foundation.web_addresses import split_address

# By the last part of their addresses: the template, and what it shows of an account.
SHOWN: Mapping[str, tuple[str, Callable[[Account], Mapping[str, Any]]]] = {
    "usage": ("web/usage/_chart.html", usage.shown),
    "plans": ("web/plans/_plans.html", plans.shown),
    "invoices": ("web/invoices/_invoices.html", invoices.list_of),
    "tokens": ("web/tokens/_tokens.html", tokens.shown),
    "coupons": ("web/coupons/_coupons.html", coupons.shown),
    "alerts": ("web/alerts/_alerts.html", alerts.shown),
    "payment-methods": ("web/payment_methods/_payment_methods.html", payment_methods.shown),
    "keys": ("web/keys/_keys.html", keys.shown),
    "settings": ("web/settings/_settings.html", settings.shown),
}
# Where nobody has sent a form, and nothing can be sent.
NOTHING_SENT: Mapping[str, Any] = {
    "trouble": "",
    "news": "",
    "is_saved": False,
    "saving": None,
    "made": None,
    "replaced": None,
}
# Which of a customer's addresses can be looked at from here.
SEEN = re.compile(
    rf"/(?:{'|'.join(SHOWN)}|invoices/[\w-]+(?:/pdf|/credit-notes/[\w-]+/pdf)?)?", re.ASCII
)
RANGES = usage_choices.RANGE_NAMES

pages = Blueprint("seeing", __name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose pages are drawn: what is said of `current_user` on them is said of the customer."""

    account: Account


@pages.get("/customers/<user_id>/view")
def see_overview(user_id: str) -> ResponseReturnValue:
    """Show a customer's overview."""
    return _see(user_id, "overview", _overview)


@pages.get("/customers/<user_id>/view/<page>")
def see(user_id: str, page: str) -> ResponseReturnValue:
    """Show another of a customer's pages, as the address asks for it."""
    if page not in SHOWN:
        abort(404)
    template, shown = SHOWN[page]
    return _see(user_id, page, lambda account: _drawn(account, template, shown(account)))


@pages.get("/customers/<user_id>/view/invoices/<reference>")
def see_invoice(user_id: str, reference: str) -> ResponseReturnValue:
    """Show one of a customer's invoices."""
    return _see(
        user_id,
        "invoice",
        lambda account: _drawn(
            account, "web/invoices/_invoice.html", invoices.invoice_of(account, reference)
        ),
    )


@pages.get("/customers/<user_id>/view/invoices/<reference>/pdf")
def see_document(user_id: str, reference: str) -> ResponseReturnValue:
    """Hand out a customer's invoice or receipt, as he gets it himself."""
    named = request.args.get("document", DocumentKind.INVOICE)
    account, _ = queries.customer_with_settings(user_id)
    found = filing.document_of(account, reference, named=named, now=clock.now())
    return _noted(account, "document", pdf_answer(found))


@pages.get("/customers/<user_id>/view/invoices/<reference>/credit-notes/<number>/pdf")
def see_credit_note(user_id: str, reference: str, number: str) -> ResponseReturnValue:
    """Hand out a credit note of a customer's invoice, as he gets it himself."""
    account, _ = queries.customer_with_settings(user_id)
    found = filing.credit_note_of(account, reference, number, now=clock.now())
    return _noted(account, "document", pdf_answer(found))


def _see(user_id: str, page: str, draw: Callable[[Account], str]) -> ResponseReturnValue:
    account, _ = queries.customer_with_settings(user_id)
    answer = show(
        "web/operator/seeing/index.html",
        "web/operator/seeing/_seen.html",
        customer=account,
        page=page,
        names={name: VALUES["page"][name] for name in ("overview", *SHOWN)},
        ranges={name: RANGES[name] for name in RANGES if name != usage_choices.CUSTOM},
        range_chosen=request.args.get("range") or usage_choices.DEFAULT_RANGE,
        html=read_only(draw(account), _leading_from(user_id)),
    )
    return _noted(account, page, answer)


def _noted(account: Account, page: str, answer: ResponseReturnValue) -> ResponseReturnValue:
    """Let no answer leave before its look is noted."""
    # A transaction reads everybody anew whom it is asked about: these names are kept from before.
    seen_id, by = account.id, actor()
    with transaction():
        journal.write(
            Act.ACCOUNT_SEEN, actor=by, user_id=seen_id, now=clock.now(), details={"page": page}
        )
    return answer


def _overview(account: Account) -> str:
    found = overview_of(account)
    # The first steps are for somebody who can take them.
    return figures_of(account, replace(found, first_steps=None), metric=metric_of(found)).html


def _drawn(account: Account, template: str, shown: Mapping[str, Any]) -> str:
    context = {**shown, **NOTHING_SENT, "current_user": Owner(account)}
    return render_template(template, **context)


def _leading_from(user_id: str) -> Callable[[str], str | None]:
    """Return what leads from a customer's own addresses to what is seen of them here."""
    root = url_for("web.operator.seeing.see_overview", user_id=user_id)

    def lead(address: str) -> str | None:
        asked = split_address(address)
        if asked.scheme or asked.netloc or not SEEN.fullmatch(asked.path):
            return address if address.startswith("#") else None
        return asked._replace(path=root + asked.path.rstrip("/")).geturl()

    return lead
