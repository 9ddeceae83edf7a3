"""How an account's usage goes on, read from both databases."""

from datetime import UTC, datetime, timedelta

from app.domain.catalog.models import ModelPrice
from app.domain.reporting.rules import Forecast
from app.domain.reporting.usage_ahead import UsageAhead, usage_ahead
from app.domain.subscriptions.queries import current_and_following, terms_by_plan
from app.domain.usage.queries import usage_series
from app.domain.usage.views import Granularity, Grouping
from app.foundation.database import session
from app.foundation.periods import Period
from tests.factories.accounts import make_account
from tests.factories.usage import GRACE, make_usage
from tests.moments import NOW
from tests.statements import statements

SPAN = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


def look(account) -> UsageAhead:
    session.commit()
    both = current_and_following(account.id, terms=terms_by_plan(), now=NOW, grace=GRACE)
    series = usage_series(account, span=SPAN, granularity=Granularity.DAY, group_by=Grouping.MODEL)
    with statements() as sent:
        found = usage_ahead(account, series, *both, now=NOW)
    # Models outside the plans are asked for only where anything can be drawn.
    assert len(sent) == (account.id == "cleo"), sent
    return found


def use(user_id: str) -> None:
    for days in (0, 1, 2, 3):
        make_usage(user_id, occurred_at=NOW - timedelta(days=days))


def test_knows_what_draws_the_quota(app, noise) -> None:
    cleo = make_account("cleo", plan_id="plan-basic")
    use("cleo")
    found = look(cleo)
    assert (found.used.drawing_tokens, found.used.drawing_nanos) == (3 * 620, 3 * 22_200_000)
    assert found.until(NOW + timedelta(days=5), spent=7).cost == Forecast(7, 7, 7)
    session.query(ModelPrice).filter_by(model_id="gpt-4").update({"included_in_plans": False})
    assert look(cleo).used.drawing_tokens == 0


def test_asks_nothing_of_whoever_draws_nothing(ada) -> None:
    use("ada")
    end = 7 + 5 * 22_200_000
    found = look(ada)
    assert found.until(NOW + timedelta(days=5), spent=7).cost == Forecast(end, end, end)
    assert found.until(NOW, spent=7).cost == Forecast(7, 7, 7)
