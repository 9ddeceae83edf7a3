"""What models cost: those without a price first, and setting a price after a look at the change."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.domain.catalog import operations, price_lists
from app.domain.catalog.errors import AliasTaken, ModelNameInvalid, PriceInvalid, UnknownModel
from app.domain.catalog.price_changes import SINCE_EVER, PriceChange, PriceTerms, pico_of_price
from app.domain.reporting.price_effects import PriceEffect, price_effect
from app.domain.usage.unpriced import unpriced_models, unpriced_usage
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, actor, show, text_asked
from app.entrypoints.web.operator.price_forms import AliasForm, PriceForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.money import usd_per_1k_from_pico
from app.foundation.sentences import say

PRICES = {
    "prompt_price_per_k": say("prompt"),
    "completion_price_per_k": say("completion"),
    "cache_read_price_per_k": say("cache read"),
    "cache_write_price_per_k": say("cache write"),
}

pages = Blueprint("prices", __name__)


@dataclass(frozen=True, slots=True)
class PricePreview:
    """What setting a price would change: nothing, if the model costs so already."""

    change: PriceChange | None
    # None: since ever.
    starts_at: datetime | None
    # Usage of the model waits for a price.
    waits: bool
    # On what was used lately; None where nothing was.
    effect: PriceEffect | None


@pages.get("/prices")
def index() -> ResponseReturnValue:
    """Show the models that usage waits for, and a page of those that have a price."""
    query, after = text_asked("query"), text_asked("after")
    return show(
        "web/operator/prices/index.html",
        "web/operator/prices/_prices.html",
        found=price_lists.models_page(query=query, after=after, limit=ROWS_PER_PAGE),
        waiting=unpriced_usage() if query is None and after is None else (),
        query=query,
        after=after,
        now=clock.now(),
    )


@pages.get("/prices/set")
def show_form() -> ResponseReturnValue:
    """Show the form, filled in with what the model costs now."""
    return _form_page(_filled(text_asked("model_id")))


@pages.post("/prices/set")
def set_price() -> ResponseReturnValue:
    """Say what the price would change; once that is confirmed, set it."""
    form, preview = PriceForm(), None
    terms = _terms(form) if form.validate() else None
    if terms is not None:
        with refusals_shown_on(_fields(form)):
            if form.confirmed.data == form.mark:
                return _set(form, terms)
            preview = _preview(form, terms)
    return _form_page(form, preview=preview)


@pages.route("/prices/alias", methods=["GET", "POST"])
def set_alias() -> ResponseReturnValue:
    """Let a reported name stand for a model that has a price."""
    form = AliasForm(data={"alias": request.args.get("alias", "")})
    if form.validate_on_submit():
        fields = {AliasTaken: form.alias, ModelNameInvalid: form.alias, UnknownModel: form.model_id}
        with refusals_shown_on(fields), signed_in_transaction():
            alias, model_id = (form.alias.data or "").strip(), (form.model_id.data or "").strip()
            operations.set_alias(alias, model_id=model_id, actor=actor(), now=clock.now())
    if form.is_submitted() and not form.errors:
        nudge()
    return ask(_alias_question(), form)


def _set(form: PriceForm, terms: PriceTerms) -> ResponseReturnValue:
    model_id, starts_at = _model(form), form.effective_from.data or SINCE_EVER
    with signed_in_transaction():
        operations.set_price(model_id, terms, starts_at=starts_at, actor=actor(), now=clock.now())
    nudge()
    tell(say("The price of {model} is set.", {"model": model_id}))
    return redirect(url_for("web.operator.prices.index", query=model_id), 303)


def _preview(form: PriceForm, terms: PriceTerms) -> PricePreview:
    starts_at = form.effective_from.data or SINCE_EVER
    return PricePreview(
        price_lists.preview_price(_model(form), terms, starts_at=starts_at),
        starts_at=None if starts_at == SINCE_EVER else starts_at,
        waits=_model(form) in unpriced_models(),
        effect=price_effect(_model(form), terms, now=clock.now()),
    )


def _terms(form: PriceForm) -> PriceTerms | None:
    """Return what was typed; None, and a message at its field, where a price is none."""
    picos: dict[str, int | None] = {}
    for name, word in PRICES.items():
        field = form[name]
        with refusals_shown_on({PriceInvalid: field}):
            picos[name] = None if field.data is None else pico_of_price(word, str(field.data))
    if form.errors:
        return None
    return PriceTerms(
        picos["prompt_price_per_k"] or 0,
        picos["completion_price_per_k"] or 0,
        picos["cache_read_price_per_k"],
        picos["cache_write_price_per_k"],
        provider=(form.provider.data or "").strip() or None,
        included_in_plans=bool(form.included_in_plans.data),
    )


def _alias_question() -> Question:
    return Question(
        title=say("Let a name stand for a model"),
        consequences=(
            say("Usage that is reported under this name costs what the model costs."),
            say(
                "Usage that waits for a price under it is priced at once,"
                " by the moments of its use."
            ),
        ),
        button=say("Set the alias"),
        back=url_for("web.operator.prices.index"),
        done=say("The name stands for the model now."),
    )


def _model(form: PriceForm) -> str:
    return (form.model_id.data or "").strip()


def _fields(form: PriceForm) -> dict[type[DomainError], Field]:
    return {ModelNameInvalid: form.model_id, PriceInvalid: form.prompt_price_per_k}


def _filled(model_id: str | None) -> PriceForm:
    """Return the form for a model; one that has a price starts with that, from now on."""
    model = None if model_id is None else price_lists.find_model(model_id)
    if model is None:
        filled: dict[str, object] = {"model_id": model_id or "", "included_in_plans": True}
        return PriceForm(formdata=None, data=filled)
    terms = model.price_at(clock.now()).terms
    picos = (terms.prompt_pico, terms.completion_pico, terms.cache_read_pico)
    amounts = [
        None if pico is None else usd_per_1k_from_pico(pico)
        for pico in (*picos, terms.cache_write_pico)
    ]
    filled = {
        "model_id": model.model_id,
        "provider": terms.provider,
        "included_in_plans": terms.included_in_plans,
        "effective_from": clock.now(),
        **dict(zip(PRICES, amounts, strict=True)),
    }
    return PriceForm(formdata=None, data=filled)


def _form_page(form: PriceForm, *, preview: PricePreview | None = None) -> Response:
    return show(
        "web/operator/prices/set.html",
        "web/operator/prices/_set.html",
        status=422 if form.errors else 200,
        form=form,
        preview=preview,
    )
