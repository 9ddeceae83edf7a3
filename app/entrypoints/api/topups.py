"""Extra tokens from a customer's program: buying some, and what became of all of them."""

from decimal import Decimal

from flask import Blueprint, Response, g

from app.domain.reporting import queries as reporting
from app.domain.tokens import queries
from app.domain.tokens.queries import EntryView
from app.domain.tokens.rules import TOP_UP_MINOR_MAX, TOP_UP_MINOR_MIN
from app.entrypoints.api.answering import answer, moment_text
from app.entrypoints.api.auth import for_customers, look_at_key
from app.entrypoints.api.changing import changes_through_a_provider
from app.entrypoints.api.describing import parts
from app.entrypoints.api.provider_shapes import PROVIDER
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_fields import Shape, ShortBody
from app.entrypoints.api.reading_queries import Parameters, page
from app.entrypoints.gateways import DEFAULT_PROVIDER
from app.entrypoints.selling import shop
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.money import minor_from_usd, usd_from_minor, usd_per_token_from_pico
from app.workflows.top_up import top_up

calls = Blueprint("topups", __name__)

PAGE, PAGE_SIZE = page(default=50, most=1_000)


def _minor(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("no number")
    return minor_from_usd(value)


AMOUNT = Shape(
    _minor,
    "a number of USD with at most two decimals",
    parts.usd("Before tax."),
    code="amount_invalid",
)
TOP_UP = ShortBody(
    "How much to spend on extra tokens.",
    {"amount": AMOUNT.within(usd_from_minor(TOP_UP_MINOR_MIN), usd_from_minor(TOP_UP_MINOR_MAX))},
    {"provider": PROVIDER},
)


@calls.post("/topups")
@for_customers
@changes_through_a_provider
def buy() -> Response:
    """Return the provider's page on which extra tokens of an amount are paid."""
    fields = TOP_UP.read(json_object())
    theirs = shop(fields.get("provider", DEFAULT_PROVIDER), g.account, look=look_at_key)
    bought = top_up(g.account, amount_minor=fields["amount"], shop=theirs, now=clock.now())
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
    asked = Parameters(PAGE, PAGE_SIZE)
    number, size = asked.whole(PAGE), asked.whole(PAGE_SIZE)
    asked.check()
    found = queries.entries_page(g.account, page=number, page_size=size)
    watch = reporting.quota_watch(g.account, now=clock.now(), grace=renewal_grace())
    return answer(
        {
            "entries": [_entry(entry) for entry in found.entries],
            "total": found.total,
            "token_balance": watch.token_balance,
            "extra_tokens": watch.extra_tokens,
        }
    )


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
