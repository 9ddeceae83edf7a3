"""What operators' programs do with models' prices: list and set them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response

from app.domain.catalog import operations, queries
from app.domain.catalog.errors import PriceInvalid
from app.domain.catalog.price_changes import (
    MODEL_NAME_LENGTH_MAX,
    PRICE_PICO_MAX,
    SINCE_EVER,
    PriceInForce,
    PriceTerms,
    pico_of_price,
)
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators, operator_actor
from app.entrypoints.api.changing import changes
from app.entrypoints.api.reading_bodies import field_refusal, json_object
from app.entrypoints.api.reading_fields import (
    MOMENT_WITH_ZONE,
    TEXT,
    TEXTS,
    TRUTH,
    USD,
    Body,
)
from app.entrypoints.api.reading_queries import Parameters, text
from app.foundation import clock
from app.foundation.money import usd_per_1k_from_pico

calls = Blueprint("operator_prices", __name__)

MODEL = text("model_id", "Only this model's.")
PRICES = {
    "prompt_price_per_k": "prompt",
    "completion_price_per_k": "completion",
    "cache_read_price_per_k": "cache read",
    "cache_write_price_per_k": "cache write",
}
_NAME = TEXT.within(1, MODEL_NAME_LENGTH_MAX)
_PRICE = USD.within(0, usd_per_1k_from_pico(PRICE_PICO_MAX)).said(
    "Per 1,000 tokens. In USD, exact to a pico-USD per token."
)
_CACHE_PRICE = _PRICE.or_null("Null: the price of prompt tokens.")
NEW_PRICE = Body(
    "What a model costs.",
    {
        "model_id": _NAME,
        "prompt_price_per_k": _PRICE,
        "completion_price_per_k": _PRICE,
        "cache_read_price_per_k": _CACHE_PRICE,
        "cache_write_price_per_k": _CACHE_PRICE,
        "provider": TEXT.or_null(),
        "included_in_plans": TRUTH.said("False: always paid as it goes."),
        "effective_from": MOMENT_WITH_ZONE.or_null("Null or left out: since ever."),
        "aliases": TEXTS.each(_NAME).said("Other names of the model."),
    },
    required=("model_id", "prompt_price_per_k", "completion_price_per_k"),
)


@calls.get("/operator/prices")
@for_operators
def list_prices() -> Response:
    """Answer every price that counts at some time, each model's in their order, and all aliases."""
    asked = Parameters(MODEL)
    model_id = asked.text(MODEL)
    asked.check()
    by_model = queries.prices_in_force(None if model_id is None else [model_id])
    prices = [_price(price) for prices in by_model.values() for price in prices]
    return answer({"prices": prices, "aliases": queries.model_of_alias()})


@calls.post("/operator/prices")
@for_operators
@changes
def set_price() -> Response:
    """Set what a model costs, from a moment on or (without one) since ever, and its aliases."""
    fields = NEW_PRICE.read(json_object())
    model_id, actor, now = fields["model_id"], operator_actor(), clock.now()
    starts_at = fields.get("effective_from") or SINCE_EVER
    terms = _terms(fields)
    change = operations.set_price(model_id, terms, starts_at=starts_at, actor=actor, now=now)
    for alias in fields.get("aliases", ()):
        operations.set_alias(alias, model_id=model_id, actor=actor, now=now)
    prices = [_price(price) for price in queries.prices_in_force([model_id])[model_id]]
    return answer({"prices": prices}, status=200 if change is None else 201)


def _terms(fields: Mapping[str, Any]) -> PriceTerms:
    picos = {name: _pico(name, fields.get(name)) for name in PRICES}
    return PriceTerms(
        picos["prompt_price_per_k"] or 0,
        picos["completion_price_per_k"] or 0,
        picos["cache_read_price_per_k"],
        picos["cache_write_price_per_k"],
        provider=fields.get("provider"),
        included_in_plans=fields.get("included_in_plans"),
    )


def _pico(name: str, usd: Decimal | int | None) -> int | None:
    try:
        return None if usd is None else pico_of_price(PRICES[name], str(usd))
    except PriceInvalid as refusal:
        raise field_refusal(name, refusal.code, refusal.message) from refusal


def _price(price: PriceInForce) -> dict[str, object]:
    terms, since = price.terms, price.effective_from
    read, write = terms.cache_read_pico, terms.cache_write_pico
    return {
        "model_id": price.model_id,
        "provider": terms.provider,
        "prompt_price_per_k": usd_per_1k_from_pico(terms.prompt_pico),
        "completion_price_per_k": usd_per_1k_from_pico(terms.completion_pico),
        # Null: such tokens cost what prompt tokens cost.
        "cache_read_price_per_k": None if read is None else usd_per_1k_from_pico(read),
        "cache_write_price_per_k": None if write is None else usd_per_1k_from_pico(write),
        "included_in_plans": terms.included_in_plans,
        # Null: since ever, and for ever.
        "effective_from": None if since == SINCE_EVER else since,
        "effective_to": price.effective_to,
        "set_by": price.set_by,
    }
