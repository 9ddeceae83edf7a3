"""What extra tokens are compared with: overage, by what its requests list for."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_in_use
from app.domain.catalog.models import Plan
from app.domain.reporting.token_offers import Overage, TokenOffer, overage_of, token_offer
from app.domain.subscriptions.operations import begin_plan
from app.domain.subscriptions.queries import current_period
from app.domain.usage.views import Sums
from app.foundation.database import session, transaction
from tests.factories.accounts import make_account
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_usage

USED = Sums(total_tokens=1_000, overage_tokens=400, cost_nanos=30_000_000, final_nanos=10_800_000)


def offer_to(account: Account, *, now: datetime) -> TokenOffer:
    period = current_period(account.id, now=now, grace=GRACE)
    return token_offer(account, period, now=now)


class TestOverageOf:
    @pytest.mark.parametrize(("discount_bp", "nanos"), [(0, 30_000_000), (1_000, 27_000_000)])
    def test_takes_list_prices_less_the_plans_discount(self, discount_bp: int, nanos: int) -> None:
        overage = overage_of(USED, discount_bp=discount_bp)
        assert overage == Overage(1_000, nanos, discount_bp)
        assert overage.per_token_pico == nanos

    @pytest.mark.parametrize("used", [Sums(), Sums(total_tokens=5), Sums(overage_tokens=5)])
    def test_guesses_nothing(self, used: Sums) -> None:
        assert overage_of(used, discount_bp=0) is None

    @pytest.mark.parametrize(("tokens", "minor"), [(0, 0), (666_666, 1_800), (185, 0), (186, 1)])
    def test_prices_so_many_tokens(self, tokens: int, minor: int) -> None:
        assert Overage(400, 10_800_000, 0).minor_for(tokens) == minor


class TestTokenOffer:
    def test_tells_granted_and_bought_apart(self, noise: list[Account], now: datetime) -> None:
        pia = make_account("pia", now=now, plan_id="plan-pro")
        make_extra_tokens("pia", bought=300, granted=20, now=now)
        make_usage("pia", prompt_tokens=1_000, completion_tokens=0, now=now)
        session.refresh(pia)
        offer = offer_to(pia, now=now)
        assert (offer.quota, offer.tokens_remaining) == (1_000_000, 999_000)
        assert offer.plan_quota == 1_000_000
        assert (offer.granted_tokens, offer.bought_tokens) == (20, 300)
        assert (offer.token_balance, offer.price_pico) == (999_320, 150_000_000)
        assert offer.overage == Overage(1_000, 27_000_000, 1_000)

    def test_takes_the_discount_of_the_plan_that_runs(self, ada: Account, now: datetime) -> None:
        make_usage(prompt_tokens=1_000, completion_tokens=0, now=now)
        with transaction():
            begin_plan(lock_in_use("ada"), session.get_one(Plan, "plan-pro"), now=now)
        later = now + timedelta(seconds=1)
        assert offer_to(ada, now=later).overage == Overage(1_000, 27_000_000, 1_000)

    def test_leaves_out_what_has_no_price_and_what_is_old(
        self, ada: Account, noise: list[Account], now: datetime
    ) -> None:
        make_usage(model="nobody-knows", prompt_tokens=9_000, now=now)
        assert offer_to(ada, now=now).overage is None
        make_usage(prompt_tokens=1_000, completion_tokens=0, now=now)
        assert offer_to(ada, now=now).overage == Overage(1_000, 30_000_000, 0)
        later = now + timedelta(days=100)
        assert offer_to(ada, now=later).overage is None

    def test_sells_none_on_pay_as_you_go(self, ada: Account, now: datetime) -> None:
        assert offer_to(ada, now=now).price_pico is None
