"""Many coupons at a time: what was made with one prefix is taken back with it."""

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from app.domain.coupons import creating
from app.domain.coupons.errors import CouponNotFound
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor, text_asked
from app.entrypoints.web.operator.forms import SeenConfirmForm
from app.entrypoints.web.operator.sending import QuestionChanged, check_seen
from app.entrypoints.web.signing_in import signed_in_transaction
from app.foundation import clock
from app.foundation.sentences import say, say_count

NONE_ACTIVE = say("None of them is active: nothing changes.")

pages = Blueprint("coupon_batches", __name__)


@pages.route("/coupons/deactivate", methods=["GET", "POST"])
def deactivate() -> ResponseReturnValue:
    """Let nobody redeem any more the coupons whose codes begin so."""
    form, prefix = SeenConfirmForm(), text_asked("prefix")
    if prefix is None:
        raise CouponNotFound(say("Say how the codes of the coupons begin."))
    question = _question(prefix)
    if form.validate_on_submit():
        with refusals_shown_on({QuestionChanged: form.seen}), signed_in_transaction():
            check_seen(form, _question(prefix).consequences)
            creating.deactivate_many(prefix, actor=actor(), now=clock.now())
    return ask(question, form)


def _question(prefix: str) -> Question:
    number = creating.active_count(prefix)
    return Question(
        title=say("Deactivate all coupons that begin with {prefix}", {"prefix": prefix.upper()}),
        consequences=(
            say_count(
                "One coupon is active; nobody can redeem it any more.",
                "{number:,} coupons are active; nobody can redeem them any more.",
                number,
            )
            if number
            else NONE_ACTIVE,
            say("Whoever has redeemed one keeps what it gives."),
            say("Each can be activated again by itself."),
        ),
        button=say("Deactivate") if number else "",
        back=url_for("web.operator.coupons.index", query=prefix),
        done=say_count(
            "One coupon is deactivated, which is noted in the journal.",
            "{number:,} coupons are deactivated, which is noted in the journal.",
            number,
        )
        if number
        else NONE_ACTIVE,
        is_bad=bool(number),
    )
