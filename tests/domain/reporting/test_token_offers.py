"""What extra tokens are compared with: an account's own overage, or what its requests list for."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.reporting.token_offers import Overage, TokenOffer, overage_of, token_offer
from app.domain.subscriptions.queries import current_period
from app.domain.usage.views import Sums
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_usage

USED = Sums(total_tokens=1_000, overage_tokens=400, cost_nanos=30_000_000, final_nanos=10_800_000)


def offer_to(account: Account, *, now: datetime) -> TokenOffer:
    period = current_period(account.id, now=now, grace=GRACE)
    return token_offer(account, period, now=now)


class TestOverageOf:
    def test_takes_what_overage_was_billed_at(self) -> None:
        overage = overage_of(USED, discount_bp=1_000)
        assert overage == Overage(400, 10_800_000, was_billed=True)
        assert overage.per_token_pico == 27_000_000

    def test_else_takes_list_prices_less_the_plans_discount(self) -> None:
        used = Sums(total_tokens=1_000, cost_nanos=30_000_000)
        overage = overage_of(used, discount_bp=1_000)
        assert overage == Overage(1_000, 27_000_000, was_billed=False)

    @pytest.mark.parametrize("used", [Sums(), Sums(total_tokens=5), Sums(overage_tokens=5)])
    def test_guesses_nothing(self, used: Sums) -> None:
        assert overage_of(used, discount_bp=0) is None

    @pytest.mark.parametrize(("tokens", "minor"), [(0, 0), (666_666, 1_800), (185, 0), (186, 1)])
    def test_prices_so_many_tokens(self, tokens: int, minor: int) -> None:
        assert Overage(400, 10_800_000, was_billed=True).minor_for(tokens) == minor


class TestTokenOffer:
    def test_tells_granted_and_bought_apart(self, noise: list[Account], now: datetime) -> None:
        pia = make_account("pia", now=now, plan_id="plan-pro")
        make_extra_tokens("pia", bought=300, granted=20, now=now)
        make_usage("pia", prompt_tokens=1_000, completion_tokens=0, now=now)
        session.refresh(pia)
        offer = offer_to(pia, now=now)
        assert (offer.quota, offer.tokens_remaining) == (1_000_000, 999_000)
        assert (offer.granted_tokens, offer.bought_tokens) == (20, 300)
        assert (offer.token_balance, offer.price_pico) == (999_320, 150_000_000)
        assert offer.overage == Overage(1_000, 27_000_000, was_billed=False)

    def test_leaves_out_what_has_no_price_and_what_is_old(
        self, ada: Account, noise: list[Account], now: datetime
    ) -> None:
        make_usage(model="nobody-knows", prompt_tokens=9_000, now=now)
        assert offer_to(ada, now=now).overage is None
        make_usage(prompt_tokens=1_000, completion_tokens=0, now=now)
        assert offer_to(ada, now=now).overage == Overage(1_000, 30_000_000, was_billed=True)
        later = now + timedelta(days=100)
        assert offer_to(ada, now=later).overage is None

    def test_sells_none_on_pay_as_you_go(self, ada: Account, now: datetime) -> None:
        assert offer_to(ada, now=now).price_pico is None
