"""What gateways ask before they serve a request: may this customer go on?"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, cast

from flask import Blueprint, Response, current_app, g
from flask.blueprints import BlueprintSetupState

from app.domain.accounts.callers import Caller, ask_whether_as_remembered
from app.domain.reporting.views import Entitlement
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_gateways, looking_at, looks_at_callers
from app.entrypoints.api.key_limits import refuse_other_accounts
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.settings import credit_limits, renewal_grace
from app.foundation import clock
from app.foundation.database import reading_at_once
from app.foundation.direct import in_one_go
from app.foundation.money import usd_from_nanos
from app.foundation.planning import plan_by_keys
from app.foundation.together import Together
from app.workflows.check_entitlement import ask_entitlements, check_entitlement

# Under this name the app knows who asks together what is asked at the same moment.
QUESTIONS = "QUESTIONS_OF_GATEWAYS"
TOGETHER_MAX = 100
# To ask of one account takes longer than that, and of four no longer than of one.
PATIENCE = timedelta(microseconds=200)
# Nearly all take less. Who has used thousands of models holds up who came with him, and no others.
LONG = timedelta(milliseconds=20)

Answered = dict[str, object]
calls = Blueprint("entitlements", __name__)


class _Question(NamedTuple):
    """Of whom is asked, and by whom."""

    user_id: str
    caller: Caller


@calls.record_once
def _register_questions(state: BlueprintSetupState) -> None:
    state.app.extensions[QUESTIONS] = Together(
        _ask_together, weight_max=TOGETHER_MAX, patience=PATIENCE, longer_than=LONG
    )


@calls.get("/entitlements/<user_id>")
@for_gateways
@looks_at_callers
def get_entitlement(user_id: str) -> Response:
    """Answer whether the customer may go on, the first reason why not, and what is left."""
    Parameters().check()
    refuse_other_accounts(user_id)
    now, limits = clock.now(), credit_limits()
    with looking_at([g.key], now=now):
        found = check_entitlement(user_id, now=now, grace=renewal_grace(), limits=limits)
    return answer(_told(found))


def asked_together(user_id: str) -> Answered | None:
    """Return the same answer, asked for along with what others ask at this moment.

    None where there is no such account, or a key of those who ask has changed.
    """
    questions = cast("Together[_Question, Entitlement | None]", current_app.extensions[QUESTIONS])
    found = questions.do(_Question(user_id, g.key))
    # Whoever leads looks at the callers of all.
    g.has_looked_at_caller = True
    return None if found is None else _told(found)


def _ask_together(asked: Sequence[_Question]) -> Sequence[Entitlement | None]:
    """Answer several questions by what stands after the last of them has come."""
    now, user_ids = clock.now(), {each.user_id for each in asked}
    # Each as it was remembered: of the same key, some may know more than others.
    known = {id(each.caller): each.caller for each in asked}
    with reading_at_once(), in_one_go():
        plan_by_keys()
        stand = ask_whether_as_remembered(known.values(), now=now)
        told = ask_entitlements(user_ids, now=now, grace=renewal_grace(), limits=credit_limits())
        found = told() if stand.get() else {}
    return [found.get(each.user_id) for each in asked]


def _told(found: Entitlement) -> Answered:
    spend_left = found.spend_left_nanos
    return {
        "allowed": found.is_allowed,
        "reason": found.reason,
        "plan": found.plan,
        "token_balance": found.token_balance,
        "tokens_remaining": found.tokens_remaining,
        "extra_tokens": found.extra_tokens,
        "max_concurrent_req": found.max_concurrent_req,
        "rate_limit_per_min": found.rate_limit_per_min,
        # Null: the customer has set no limit.
        "spend_left": None if spend_left is None else usd_from_nanos(spend_left),
        "credit_left": usd_from_nanos(found.credit_left_nanos),
        "overage_enabled": found.overage_enabled,
    }
