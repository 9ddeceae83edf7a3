"""What gateways ask before they serve a request: may this customer go on?"""

from flask import Blueprint, Response, g

from app.domain.reporting.views import Entitlement
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_gateways, looking_at, looks_at_callers
from app.entrypoints.api.key_limits import refuse_other_accounts
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.settings import credit_limits, renewal_grace
from app.foundation import clock
from app.foundation.money import usd_from_nanos
from app.workflows.check_entitlement import check_entitlement

calls = Blueprint("entitlements", __name__)


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
    return answer(_entitlement(found))


def _entitlement(found: Entitlement) -> dict[str, object]:
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
