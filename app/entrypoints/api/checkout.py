"""Paying an invoice from a customer's program."""

from flask import Blueprint, Response, current_app, g

from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers, look_at_key
from app.entrypoints.api.changing import changes_through_a_provider
from app.entrypoints.api.provider_shapes import ANY_PROVIDER
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_fields import ShortBody
from app.entrypoints.gateways import gateway_for_page, gateways_for_news
from app.foundation import clock
from app.workflows.begin_checkout import begin_checkout

calls = Blueprint("checkout", __name__)

CHECKOUT = ShortBody("Through whom to pay.", {"provider": ANY_PROVIDER})


@calls.post("/invoices/<reference:reference>/checkout")
@for_customers
@changes_through_a_provider
def checkout(reference: str) -> Response:
    """Return the provider's page on which the invoice is paid."""
    fields = CHECKOUT.read(json_object())
    opened = begin_checkout(
        g.account,
        reference,
        gateway=gateway_for_page(fields["provider"], g.account),
        asked=gateways_for_news(g.account),
        base_url=current_app.config["SETTINGS"].base_url,
        now=clock.now(),
        look=look_at_key,
    )
    return answer({"payment_id": opened.payment_id, "checkout_url": opened.checkout_url})
