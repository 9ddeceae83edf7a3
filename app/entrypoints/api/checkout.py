"""Paying an invoice from a customer's program."""

from flask import Blueprint, Response, current_app, g

from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.changing import changes_through_a_provider
from app.entrypoints.api.reading_bodies import field_refusal, json_object, refuse_unknown
from app.entrypoints.gateways import gateway
from app.foundation import clock
from app.workflows.begin_checkout import begin_checkout

calls = Blueprint("checkout", __name__)


@calls.post("/invoices/<reference>/checkout")
@for_customers
@changes_through_a_provider
def checkout(reference: str) -> Response:
    """Return the provider's page on which the invoice is paid."""
    opened = begin_checkout(
        g.account,
        reference,
        gateway=gateway(_provider(json_object())),
        base_url=current_app.config["SETTINGS"].base_url,
        now=clock.now(),
    )
    return answer({"payment_id": opened.payment_id, "checkout_url": opened.checkout_url})


def _provider(body: dict[str, object]) -> str:
    refuse_unknown(body, known=("provider",))
    provider = body.get("provider")
    if provider is None:
        raise field_refusal("provider", "field_missing", "provider is required.")
    if not isinstance(provider, str):
        raise field_refusal("provider", "field_invalid", "provider must be a text, such as stripe.")
    return provider
