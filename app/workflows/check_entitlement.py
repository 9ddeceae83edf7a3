"""Check whether a customer may go on: what the gateway asks before it serves a request.

The answer is advice. Usage that happened is recorded and billed, past any limit.
"""

from datetime import datetime, timedelta

from app.domain.accounts import queries as accounts
from app.domain.reporting import queries as reporting
from app.domain.reporting.entitlements import CreditLimits, Reason, first_reason
from app.domain.reporting.views import Entitlement
from app.domain.subscriptions import queries as subscriptions


def check_entitlement(
    user_id: str, *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Entitlement:
    """Return whether the customer may go on, and what is left to him. Raises UnknownAccount."""
    account = accounts.served_account(user_id, now=now)
    chosen = accounts.settings_of(account)
    period = subscriptions.current_period(user_id, now=now, grace=grace)
    position = reporting.position(account, chosen, period, now=now, limits=limits)
    reason = first_reason(position, now=now)
    return Entitlement(
        is_allowed=reason is Reason.OK,
        reason=reason,
        plan_id=period.terms.plan_id,
        tokens_remaining=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        max_concurrent_req=period.terms.max_concurrent_req,
        rate_limit_per_min=period.terms.rate_limit_per_min,
        spend_left_nanos=position.spend_left_nanos,
        credit_left_nanos=position.credit_left_nanos,
        overage_enabled=position.overage_enabled,
    )
