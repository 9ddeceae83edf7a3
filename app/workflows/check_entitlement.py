"""Check whether a customer may go on: what the gateway asks before it serves a request.

The answer is advice. Usage that happened is recorded and billed, past any limit.
"""

from datetime import datetime, timedelta

from app.domain.accounts import queries as accounts
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.reporting import queries as reporting
from app.domain.reporting.entitlements import (
    CreditLimits,
    Position,
    Reason,
    credit_limit_minor,
    first_reason,
)
from app.domain.reporting.views import Entitlement
from app.domain.subscriptions import queries as subscriptions


def check_entitlement(
    user_id: str, *, now: datetime, grace: timedelta, limits: CreditLimits
) -> Entitlement:
    """Return whether the customer may go on, and what is left to him. Raises UnknownAccount."""
    account = accounts.account(user_id)
    chosen = accounts.settings_of(account)
    period = subscriptions.current_period(user_id, now=now, grace=grace)
    debts = reporting.debts(account, now=now)
    position = Position(
        is_suspended=account.suspended_at is not None,
        pays_as_he_goes=period.terms.plan_id == PAY_AS_YOU_GO,
        overage_enabled=chosen.overage_enabled,
        token_balance=period.tokens_remaining + account.extra_tokens,
        spend_limit_minor=chosen.spend_limit_minor,
        credit_limit_minor=credit_limit_minor(account.credit_limit_minor, debts, limits=limits),
        debts=debts,
    )
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
