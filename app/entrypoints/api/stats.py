"""An account's figures at a glance, and the warning that its tokens run low."""

from flask import Blueprint, Response, g

from app.domain.reporting import queries as reporting
from app.domain.reporting.views import QuotaWatch, Stats
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.money import usd_from_nanos

calls = Blueprint("stats", __name__)


@calls.get("/stats")
@for_customers
def get_stats() -> Response:
    """Answer the account's figures."""
    Parameters().check()
    return answer(_figures(reporting.stats(g.account, now=clock.now(), grace=renewal_grace())))


@calls.get("/quota-warning")
@for_customers
def get_quota_warning() -> Response:
    """Answer whether the token balance has come down to the customer's threshold."""
    Parameters().check()
    watch = reporting.quota_watch(g.account, now=clock.now(), grace=renewal_grace())
    return answer(
        {
            "quota_warning": watch.is_low,
            "message": _message(watch),
            "token_balance": watch.token_balance,
            "tokens_remaining": watch.tokens_remaining,
            "alert_threshold": watch.alert_threshold,
        }
    )


def _figures(stats: Stats) -> dict[str, object]:
    return {
        "current_month_cost": usd_from_nanos(stats.month_cost_nanos),
        "current_month_tokens": stats.month_tokens,
        "subscription_plan": stats.plan,
        "tokens_quota": stats.tokens_quota,
        "tokens_used": stats.tokens_used,
        "tokens_remaining": stats.tokens_remaining,
        "total_cost": usd_from_nanos(stats.total_cost_nanos),
        "token_balance": stats.token_balance,
        "extra_tokens": stats.extra_tokens,
        "unpriced_tokens": stats.unpriced_tokens,
        "quota_tokens_used": stats.quota_tokens_used,
        "period_start": stats.period_starts_at,
        "period_end": stats.period_ends_at,
    }


def _message(watch: QuotaWatch) -> str:
    if not watch.is_low:
        return "Your quota is sufficient."
    left = f"{watch.token_balance:,} tokens left"
    if watch.extra_tokens:
        # Both together are what the threshold is compared with: what covers more is told apart.
        extra = f"{watch.extra_tokens:,} extra tokens, which are used after it"
        left = f"{left}: {watch.tokens_remaining:,} of your quota and {extra}"
    asked = f"You asked to be told at {watch.alert_threshold:,}."
    return f"Your quota is running low. You have {left}. {asked}"
