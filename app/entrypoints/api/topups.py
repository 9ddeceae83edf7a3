"""Extra tokens from a customer's program: buying some, and what became of all of them."""

from collections.abc import Mapping
from decimal import Decimal

from flask import Blueprint, Response, g

from app.domain.reporting import queries as reporting
from app.domain.tokens import queries
from app.domain.tokens.queries import EntryView
from app.entrypoints.api.answering import answer, moment_text
from app.entrypoints.api.auth import for_customers, look_at_key
from app.entrypoints.api.changing import changes_through_a_provider
from app.entrypoints.api.reading_bodies import (
    field_refusal,
    json_object,
    provider_named,
    refuse_unknown,
)
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.gateways import DEFAULT_PROVIDER
from app.entrypoints.selling import shop
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.money import minor_from_usd, usd_per_token_from_pico
from app.workflows.top_up import top_up

calls = Blueprint("topups", __name__)

PAGE_SIZE, PAGE_SIZE_MAX, PAGE_MAX = 50, 1_000, 1_000_000


@calls.post("/topups")
@for_customers
@changes_through_a_provider
def buy() -> Response:
    """Return the provider's page on which extra tokens of an amount are paid."""
    body = json_object()
    refuse_unknown(body, known=("amount", "provider"))
    minor, provider = _amount_minor(body), provider_named(body, default=DEFAULT_PROVIDER)
    theirs = shop(provider, g.account, look=look_at_key)
    bought = top_up(g.account, amount_minor=minor, shop=theirs, now=clock.now())
    checkout = bought.checkout
    return answer(
        {
            "payment_id": checkout.payment_id,
            "tokens": bought.tokens,
            "checkout_url": checkout.checkout_url,
        }
    )


@calls.get("/topups")
@for_customers
def list_entries() -> Response:
    """Answer a page of the token ledger, newest first, and what is left."""
    parameters = Parameters("page", "page_size")
    page = parameters.whole("page", default=1, most=PAGE_MAX)
    page_size = parameters.whole("page_size", default=PAGE_SIZE, most=PAGE_SIZE_MAX)
    parameters.check()
    found = queries.entries_page(g.account, page=page, page_size=page_size)
    watch = reporting.quota_watch(g.account, now=clock.now(), grace=renewal_grace())
    return answer(
        {
            "entries": [_entry(entry) for entry in found.entries],
            "total": found.total,
            "token_balance": watch.token_balance,
            "extra_tokens": watch.extra_tokens,
        }
    )


def _amount_minor(body: Mapping[str, object]) -> int:
    amount = body.get("amount")
    if amount is None:
        raise field_refusal("amount", "field_missing", "amount is required.")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise field_refusal("amount", "amount_invalid", "amount must be a number of USD.")
    try:
        return minor_from_usd(amount)
    except ValueError as error:
        raise field_refusal("amount", "amount_invalid", f"amount is not valid: {error}.") from error


def _entry(entry: EntryView) -> dict[str, object]:
    price = entry.price_pico
    return {
        "kind": entry.kind,
        "tokens": entry.tokens,
        "granted_tokens": entry.granted_tokens,
        "balance_after": entry.balance_after,
        # Null for whatever was not bought.
        "price_per_token": None if price is None else usd_per_token_from_pico(price),
        "note": entry.note,
        "created_at": moment_text(entry.created_at),
    }
