"""Check whether a customer may go on: what the gateway asks before it serves a request.

The answer is advice. Usage that happened is recorded and billed, past any limit.
"""

from datetime import datetime, timedelta

from app.domain.accounts import rules
from app.domain.accounts.errors import UnknownAccount
from app.domain.reporting import queries as reporting
from app.domain.reporting.entitlements import CreditLimits, Reason, first_reason
from app.domain.reporting.queries import Served
from app.domain.reporting.views import Debts, Entitlement
from app.domain.subscriptions import queries as subscriptions
from app.foundation.direct import in_one_go
from app.foundation.sentences import say


def check_entitlement(
    user_id: str, *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Entitlement:
    """Return whether the customer may go on, and what is left to him. Raises UnknownAccount."""
    served, owed = _ask(user_id, now=now)
    period = subscriptions.view_of(served.period, user_id, now=now, grace=grace)
    position = reporting.position(served, served, period, owed, limits=limits)
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


def _ask(user_id: str, *, now: datetime) -> tuple[Served, Debts]:
    if rules.may_be_user_id(user_id):
        with in_one_go():
            served = reporting.ask_served(user_id)
            owed = reporting.ask_debts(user_id, now=now)
        found = served.get()
        if found is not None and rules.is_served(found.deletion_due_at, now=now):
            return found, owed()
    raise UnknownAccount(say("There is no account with this id."))
