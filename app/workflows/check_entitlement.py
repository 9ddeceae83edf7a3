"""Check whether customers may go on: what the gateway asks before it serves a request.

The answer is advice. Usage that happened is recorded and billed, past any limit.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from app.domain.accounts import rules
from app.domain.accounts.errors import UnknownAccount
from app.domain.reporting import queries as reporting
from app.domain.reporting.entitlements import CreditLimits, Reason, first_reason
from app.domain.reporting.served import Served, ask_served
from app.domain.reporting.views import Entitlement
from app.domain.subscriptions import queries as subscriptions
from app.foundation.sentences import say


def check_entitlement(
    user_id: str, *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Entitlement:
    """Return whether the customer may go on, and what is left to him. Raises UnknownAccount."""
    found = None
    if rules.may_be_user_id(user_id):
        found = ask_entitlements([user_id], now=now, grace=grace, limits=limits)().get(user_id)
    if found is None:
        raise UnknownAccount(say("There is no account with this id."))
    return found


def ask_entitlements(
    user_ids: Collection[str], *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Callable[[], dict[str, Entitlement]]:
    """Ask the same for several, whose ids may be ids: one statement, whose answer is called for.

    Whom the gateway does not serve, or nobody knows, is not in the answer.
    """
    asked = ask_served(user_ids, now=now)

    def told() -> dict[str, Entitlement]:
        return {
            user_id: _entitlement(served, now=now, grace=grace, limits=limits)
            for user_id, served in asked.get().items()
            if rules.is_served(served.deletion_due_at, now=now)
        }

    return told


def _entitlement(
    served: Served, *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Entitlement:
    period = subscriptions.view_of(served.period, served.user_id, now=now, grace=grace)
    position = reporting.position(served, served, period, served.debts, limits=limits)
    reason = first_reason(position, now=now)
    return Entitlement(
        is_allowed=reason is Reason.OK,
        reason=reason,
        plan_id=period.terms.plan_id,
        tokens_remaining=period.tokens_remaining,
        extra_tokens=served.extra_tokens,
        max_concurrent_req=period.terms.max_concurrent_req,
        rate_limit_per_min=period.terms.rate_limit_per_min,
        spend_left_nanos=position.spend_left_nanos,
        credit_left_nanos=position.credit_left_nanos,
        overage_enabled=position.overage_enabled,
    )
