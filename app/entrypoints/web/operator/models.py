"""One model: its prices over time and its other names, and taking back either."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import price_lists, withdrawing
from app.domain.catalog.errors import UnknownModel
from app.domain.catalog.models import ModelAlias
from app.domain.catalog.operations import lock_prices
from app.domain.catalog.price_changes import PriceWithdrawal
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor, show, text_asked
from app.entrypoints.web.operator.journal_reading import actor_named
from app.entrypoints.web.operator.price_forms import AliasRemovalForm, WithdrawalForm
from app.entrypoints.web.operator.sending import QuestionChanged, check_seen
from app.entrypoints.web.page_numbers import row_before
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.figures import usd_per_million
from app.foundation.sentences import Day, say

REPLACED_MAX = 50
DONE = say("It is done, and noted in the journal.")

pages = Blueprint("models", __name__)


@pages.get("/prices/model")
def show_model() -> ResponseReturnValue:
    """Show what a model cost, costs and will cost, and the other names that stand for it."""
    model_id = text_asked("model_id")
    model = None if model_id is None else price_lists.find_model(model_id)
    if model is None:
        raise UnknownModel(say("No model of this name has a price."))
    return show(
        "web/operator/prices/model.html",
        "web/operator/prices/_model.html",
        model=model,
        replaced=price_lists.replaced_prices(model.model_id, limit=REPLACED_MAX),
        who=actor_named,
        now=clock.now(),
    )


@pages.route("/prices/alias/remove", methods=["GET", "POST"])
def remove_alias() -> ResponseReturnValue:
    """Let a name stand for no model any more."""
    form = AliasRemovalForm(data={"alias": request.args.get("alias", "")})
    row = withdrawing.alias_called(form.alias.data or "")
    question = _question_of_alias(row)
    if form.validate_on_submit():
        with refusals_shown_on({QuestionChanged: form.seen}), signed_in_transaction():
            lock_prices()
            row = withdrawing.alias_called(row.alias)
            check_seen(form, _question_of_alias(row).consequences)
            withdrawing.remove_alias(row.alias, actor=actor(), now=clock.now())
    return ask(question, form)


@pages.route("/prices/withdraw", methods=["GET", "POST"])
def withdraw_price() -> ResponseReturnValue:
    """Let a price that has not begun never begin."""
    form = WithdrawalForm(data={"price_id": row_before("price_id")})
    withdrawal = withdrawing.preview_withdrawal(form.price_id.data or 0, now=clock.now())
    question = _question(withdrawal)
    if form.validate_on_submit():
        with refusals_shown_on({QuestionChanged: form.seen}), signed_in_transaction():
            lock_prices()
            seen = withdrawing.preview_withdrawal(withdrawal.price.id, now=clock.now())
            check_seen(form, _question(seen).consequences)
            withdrawing.withdraw_price(withdrawal.price.id, actor=actor(), now=clock.now())
    return ask(question, form)


def _question_of_alias(row: ModelAlias) -> Question:
    named = {"alias": row.alias, "model": row.model_id}
    return Question(
        title=say("Remove the alias {alias}", named),
        consequences=(
            say("{alias} stands for {model} no more: usage under it waits for a price.", named),
            say("Usage that has a price keeps it: what was recorded is never priced anew."),
        ),
        button=say("Remove the alias"),
        back=_model_page(row.model_id),
        done=DONE,
        is_bad=True,
    )


def _question(withdrawal: PriceWithdrawal) -> Question:
    price, before = withdrawal.price, withdrawal.before
    named = {"model": price.model_id, "day": Day(price.effective_from)}
    if before is None:
        effect = say("{model} has no price then: its usage waits for one.", named)
        back = url_for("web.operator.prices.index")
    else:
        amounts = {
            "prompt": usd_per_million(before.prompt_pico),
            "completion": usd_per_million(before.completion_pico),
        }
        effect = say(
            "The price before it goes on: {prompt} per million prompt tokens"
            " and {completion} per million completion tokens.",
            amounts,
        )
        back = _model_page(price.model_id)
    return Question(
        title=say("Take back the price of {model} from {day}", named),
        consequences=(say("It never begins. Nothing was priced by it yet."), effect),
        button=say("Take it back"),
        back=back,
        done=DONE,
        is_bad=True,
    )


def _model_page(model_id: str) -> str:
    return url_for("web.operator.models.show_model", model_id=model_id)
