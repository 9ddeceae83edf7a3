"""What models cost: those without a price first, and setting a price after a look at the change."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import operations, price_lists, withdrawing
from app.domain.catalog.errors import AliasTaken, ModelNameInvalid, UnknownModel
from app.domain.catalog.price_changes import SINCE_EVER, PriceChange, PriceTerms
from app.domain.catalog.price_lists import PricedModel
from app.domain.reporting.price_effects import PriceEffect, price_effect
from app.domain.usage.unpriced import unpriced_models, unpriced_usage
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, actor, show, text_asked
from app.entrypoints.web.operator.price_forms import AliasForm, PriceForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.shown_values import catch_up, forget_another
from app.entrypoints.web.signing_in import signed_in_transaction
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.money import pico_from_usd_per_token, usd_per_token_from_pico
from app.foundation.sentences import say

PRICES = (
    *("prompt_price_per_million", "completion_price_per_million"),
    *("cache_read_price_per_million", "cache_write_price_per_million"),
)

pages = Blueprint("prices", __name__)


@dataclass(frozen=True, slots=True)
class PricePreview:
    """What setting a price would change: nothing, if the model costs so already."""

    model_id: str
    terms: PriceTerms
    change: PriceChange | None
    # None: since ever.
    starts_at: datetime | None
    # Usage of the model waits for a price.
    waits: bool
    # On what was used lately; None where nothing was.
    effect: PriceEffect | None

    @property
    def mark(self) -> str:
        """Return a mark of what was shown: what differs by then is shown first."""
        told = (self.model_id, self.terms, self.change, self.starts_at)
        return hashlib.sha256(repr(told).encode()).hexdigest()


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
    model_id = text_asked("model_id") or ""
    model = price_lists.find_model(model_id)
    starts_at = None if model is None else clock.now()
    return _form_page(_filled(model_id, model, starts_at=starts_at))


@pages.post("/prices/set")
def set_price() -> ResponseReturnValue:
    """Say what the price would change; once that is confirmed, set it."""
    form, preview, is_set = PriceForm(), None, False
    if form.validate():
        refusals = refusals_shown_on({ModelNameInvalid: form.model_id})
        with refusals, wrong_fields_shown_on(form), signed_in_transaction():
            preview = _preview(form)
            is_set = form.confirmed.data == preview.mark
            if is_set:
                _set(preview)
    return _told(form) if is_set else _form_page(form, preview=preview)


@pages.route("/prices/alias", methods=["GET", "POST"])
def set_alias() -> ResponseReturnValue:
    """Let a reported name stand for a model that has a price."""
    form = AliasForm(data=_stands_for(request.args.get("alias", "")))
    if form.validate_on_submit():
        fields = {AliasTaken: form.alias, ModelNameInvalid: form.alias, UnknownModel: form.model_id}
        refusals, told = refusals_shown_on(fields), wrong_fields_shown_on(form)
        with refusals, told, signed_in_transaction():
            _set_alias(form)
    if form.is_submitted() and not form.errors:
        nudge()
    return ask(_alias_question(), form)


def _set(preview: PricePreview) -> None:
    operations.set_price(
        preview.model_id,
        preview.terms,
        starts_at=preview.starts_at or SINCE_EVER,
        actor=actor(),
        now=clock.now(),
    )


def _told(form: PriceForm) -> ResponseReturnValue:
    nudge()
    tell(say("The price of {model} is set.", {"model": _model(form)}))
    return redirect(url_for("web.operator.prices.index", query=_model(form)), 303)


def _preview(form: PriceForm) -> PricePreview:
    """Return what the price would change. Raises ChangedMeanwhile."""
    operations.lock_prices()
    model_id, starts_at = _model(form), form.effective_from.data
    # Of another model than the one that was shown, nothing was shown.
    forget_another(form, "model_id", empty=_filled(model_id, None, starts_at=starts_at))
    catch_up(form, _filled(model_id, price_lists.find_model(model_id), starts_at=starts_at))
    terms = _terms(form)
    return PricePreview(
        model_id=model_id,
        terms=terms,
        change=price_lists.preview_price(model_id, terms, starts_at=starts_at or SINCE_EVER),
        starts_at=starts_at,
        waits=model_id in unpriced_models(),
        effect=price_effect(model_id, terms, now=clock.now()),
    )


def _set_alias(form: AliasForm) -> None:
    alias, model_id = (form.alias.data or "").strip(), (form.model_id.data or "").strip()
    operations.lock_prices()
    # Of another name than the one that was shown, nothing was shown.
    forget_another(form, "alias", empty=AliasForm(formdata=None, data={"alias": form.alias.data}))
    catch_up(form, AliasForm(formdata=None, data=_stands_for(alias)))
    operations.set_alias(alias, model_id=model_id, actor=actor(), now=clock.now())


def _stands_for(alias: str) -> dict[str, object]:
    """Return a name and the model that it stands for already, if it does."""
    return {"alias": alias, "model_id": withdrawing.model_called(alias) or ""}


def _terms(form: PriceForm) -> PriceTerms:
    prices = [form[name].data for name in PRICES]
    prompt, completion, read, write = (
        None if usd is None else pico_from_usd_per_token(usd) for usd in prices
    )
    return PriceTerms(
        prompt or 0,
        completion or 0,
        read,
        write,
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


def _filled(model_id: str, model: PricedModel | None, *, starts_at: datetime | None) -> PriceForm:
    """Return the form for a model; one that has a price starts with that."""
    filled: dict[str, object] = {"model_id": model_id, "effective_from": starts_at}
    if model is None:
        return PriceForm(formdata=None, data={**filled, "included_in_plans": True})
    terms = model.price_at(clock.now()).terms
    picos = (terms.prompt_pico, terms.completion_pico, terms.cache_read_pico)
    amounts = [
        None if pico is None else usd_per_token_from_pico(pico)
        for pico in (*picos, terms.cache_write_pico)
    ]
    filled |= {
        "provider": terms.provider,
        "included_in_plans": terms.included_in_plans,
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
