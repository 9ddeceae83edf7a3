"""An account's figures, and the warning that its tokens run low."""

import json
from decimal import Decimal

import pytest

from app.domain.accounts.models import Account, BillingSettings
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage

STATS, WARNING = "/v1/billing/stats", "/v1/billing/quota-warning"


@pytest.fixture
def by_cleo(app, now) -> dict[str, str]:
    """The header of a customer on Pro, with 50,000 extra tokens."""
    make_account("cleo", now=now, plan_id="plan-pro", extra_tokens=50_000)
    return bearer(KeyKind.CUSTOMER, user_id="cleo")


def set_threshold(user_id: str, tokens: int) -> None:
    session.query(BillingSettings).filter_by(user_id=user_id).one().alert_threshold = tokens
    session.commit()


class TestGetStats:
    def test_answers_the_accounts_figures(self, client, by_cleo, noise, now) -> None:
        make_usage("cleo", now=now)
        make_usage("noise-pro", now=now)
        period = current_period("cleo")
        body = client.get(STATS, headers=by_cleo).json
        assert body == {
            "current_month_cost": 0,
            "current_month_tokens": 620,
            "subscription_plan": "pro",
            "tokens_quota": 1_000_000,
            "tokens_used": 620,
            "tokens_remaining": 999_380,
            "total_cost": 0,
            "token_balance": 1_049_380,
            "extra_tokens": 50_000,
            "unpriced_tokens": 0,
            "quota_tokens_used": 620,
            "period_start": period.starts_at.isoformat().replace("+00:00", "Z"),
            "period_end": period.ends_at.isoformat().replace("+00:00", "Z"),
        }

    def test_counts_final_cost_exactly(self, client, by_ada, now) -> None:
        make_usage("ada", now=now, prompt_tokens=1, completion_tokens=0)
        make_usage("ada", now=now, model="nobody-knows")
        response = client.get(STATS, headers=by_ada)
        body = json.loads(response.data, parse_float=Decimal)
        assert body["current_month_cost"] == body["total_cost"] == Decimal("0.00003")
        assert body["subscription_plan"] == "payg"
        assert body["unpriced_tokens"] == 620
        assert body["tokens_quota"] == body["tokens_remaining"] == 0

    def test_shows_strangers_nothing(self, client, by_ben, ada, now) -> None:
        make_usage("ada", now=now)
        body = client.get(STATS, headers=by_ben).json
        assert body["current_month_tokens"] == body["tokens_used"] == body["total_cost"] == 0

    def test_answers_suspended_customers(self, client, by_ada, now) -> None:
        account = session.get(Account, "ada")
        account.suspended_at, account.suspended_because = now, "operator"
        session.commit()
        assert client.get(STATS, headers=by_ada).status_code == 200

    @pytest.mark.parametrize("address", [STATS, WARNING])
    def test_takes_customers_keys_only(self, client, by_gateway, address) -> None:
        assert client.get(address).status_code == 401
        assert client.get(address, headers=by_gateway).json["code"] == "wrong_kind_of_key"


class TestGetQuotaWarning:
    def test_is_silent_while_there_is_enough(self, client, by_cleo) -> None:
        set_threshold("cleo", 1_049_999)
        assert client.get(WARNING, headers=by_cleo).json == {
            "quota_warning": False,
            "message": "Your quota is sufficient.",
            "token_balance": 1_050_000,
            "tokens_remaining": 1_000_000,
            "alert_threshold": 1_049_999,
        }

    def test_warns_at_the_threshold_with_figures(self, client, by_cleo) -> None:
        set_threshold("cleo", 1_050_000)
        body = client.get(WARNING, headers=by_cleo).json
        assert body["quota_warning"] is True
        assert body["message"].startswith("Your quota is running low.")
        assert "1,050,000" in body["message"]

    def test_tells_extra_tokens_from_the_quota(self, client, by_cleo) -> None:
        # A quota that nothing was drawn from runs low only together with what is owned besides.
        set_threshold("cleo", 1_050_000)
        assert client.get(WARNING, headers=by_cleo).json["message"] == (
            "Your quota is running low. You have 1,050,000 tokens left: 1,000,000 of your quota and"
            " 50,000 extra tokens, which are used after it. You asked to be told at 1,050,000."
        )
        session.get(Account, "cleo").extra_tokens = 0
        session.commit()
        assert client.get(WARNING, headers=by_cleo).json["message"] == (
            "Your quota is running low. You have 1,000,000 tokens left."
            " You asked to be told at 1,050,000."
        )

    def test_is_off_without_a_threshold(self, client, by_cleo) -> None:
        period = current_period("cleo")
        period.quota_tokens_used = period.tokens_used = period.quota
        session.get(Account, "cleo").extra_tokens = 0
        session.commit()
        assert client.get(WARNING, headers=by_cleo).json["quota_warning"] is False
        set_threshold("cleo", 1)
        assert client.get(WARNING, headers=by_cleo).json["quota_warning"] is True

    def test_leaves_alone_who_owns_no_tokens(self, client, by_ada) -> None:
        set_threshold("ada", 1_000)
        assert client.get(WARNING, headers=by_ada).json["quota_warning"] is False
        session.get(Account, "ada").extra_tokens = 999
        session.commit()
        assert client.get(WARNING, headers=by_ada).json["quota_warning"] is True
