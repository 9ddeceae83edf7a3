"""What the plans' figures are made of: the list cost of the last days, and coupons."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import operations
from app.domain.accounts.models import Account
from app.domain.accounts.queries import REBUILD_ROLLUPS
from app.domain.mails.models import Mail
from app.domain.subscriptions.models import Subscription
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows.rebuild_rollups import rebuild_rollups
from tests.entrypoints.web.conftest import signed_in, words
from tests.factories.accounts import make_account
from tests.factories.catalog import make_plan, make_price
from tests.factories.coupon_rows import make_coupon
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_report, record


@pytest.fixture
def cleos(app: Flask, now: datetime, password_hash: str) -> FlaskClient:
    """The browser of a customer who has been on Pro for ten days."""
    cleo = make_account("cleo", now=now, plan_id="plan-pro", password_hash=password_hash)
    return signed_in(app, cleo)


class TestIndex:
    def test_starts_from_the_list_cost_of_the_usage_page(
        self, cleos: FlaskClient, now: datetime
    ) -> None:
        make_price("gpt-test")
        # Odd amounts up to either side of the first day; a dollar for a million.
        for days, tokens in ((0, 123_456), (3, 1_234_567), (29, 7_654_321), (30, 9_999_999)):
            record(
                [make_report("cleo", occurred_at=now - timedelta(days=days), prompt_tokens=tokens,
                             model="gpt-test", completion_tokens=0)],
                now=now,
            )  # fmt: skip
        page, usage = words(cleos.get("/plans").text), cleos.get("/usage").text
        cells = re.findall(r'data-label="List cost">(.*?)</td>', usage, re.DOTALL)
        listed = words(cells[-1]).strip()
        assert listed == "$9.01"
        assert f"Your last 30 days would have cost {listed} this way." in page
        assert "Estimated from the list cost of your last 30 days, as the usage page" in page
        assert "“You pay” there is what was charged" in page

    @pytest.mark.parametrize(
        ("language", "said"), [("en", "is left out for the moment"), ("zh", "暂不显示")]
    )
    def test_leaves_the_estimate_out_while_days_are_cut_anew(
        self, cleos: FlaskClient, now: datetime, language: str, said: str
    ) -> None:
        record([make_report("cleo", prompt_tokens=500, completion_tokens=120)], now=now)
        assert said not in cleos.get("/plans").text
        with transaction():
            locked = operations.lock_accounts({"cleo"})["cleo"]
            changes = {"timezone": "Asia/Kolkata", "locale": language}
            operations.change_settings(locked, changes, actor="customer:cleo", now=now)
        page = words(cleos.get("/plans").text)
        assert said in page and 'class="offer-cost"' not in cleos.get("/plans").text
        with transaction():
            rebuild_rollups("cleo", now=now)
            promised = session.query(OutboxEntry).filter_by(kind=REBUILD_ROLLUPS).one()
            promised.done_at, promised.next_try_at = now, None
        page = cleos.get("/plans").text
        assert said not in words(page) and 'class="offer-cost"' in page


class TestPreview:
    def test_says_in_which_order_coupons_count(self, adas: FlaskClient, now: datetime) -> None:
        for code, changes in (
            ("WELCOME20", {"value": 2_000}),
            ("TENOFF", {"type": "fixed", "value": 1_000}),
        ):
            make_coupon(code, now=now, **changes)
            adas.post("/coupons", data={"coupon_code": code})
        page = words(adas.get("/plans/plan-pro").text)
        assert "20% of $99.99 −$20.00 Coupon TENOFF Up to $10.00 of $79.99 −$10.00" in page
        assert "Each coupon counts for what those redeemed before it leave." in page
        assert "takes nothing off" not in page

    def test_says_which_coupons_do_not_count(self, adas: FlaskClient, now: datetime) -> None:
        for code, changes in (
            ("BASIC", {"applicable_plans": ["plan-basic", "plan-payg"]}),
            ("BIG", {"min_purchase_minor": 10_000}),
            ("ALL", {"value": 10_000}),
            ("LATE", {}),
        ):
            make_coupon(code, now=now, **changes)
            adas.post("/coupons", data={"coupon_code": code})
        page = words(adas.get("/plans/plan-pro").text)
        for code, why in (
            ("BASIC", "it is for other plans"),
            ("BIG", "it needs $100.00 or more, before other coupons"),
            ("LATE", "those redeemed before it leave it nothing"),
        ):
            assert f"Coupon {code} takes nothing off here: {why}. It stays yours." in page
        assert "Coupon ALL takes" not in page and "Each coupon counts" not in page

    def test_uses_no_coupon_where_nothing_is_paid(self, cleos: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        cleos.post("/coupons", data={"coupon_code": "SAVE50"})
        period = current_period("cleo")
        period.starts_at, period.ends_at = now - timedelta(days=30), now + timedelta(seconds=60)
        session.commit()
        page = words(cleos.get("/plans/plan-enterprise").text)
        assert "Coupon SAVE50 takes nothing off here: nothing is paid now." in page


class TestFreePlan:
    def test_is_cancelled_without_a_word_of_money(
        self, app: Flask, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        make_plan("plan-team", monthly_price_minor=0, now=now)
        with transaction():
            subscription = session.query(Subscription).filter_by(user_id=ada.id).one()
            subscription.plan_id = current_period(ada.id).plan_id = "plan-team"
        asked = words(adas.get("/plans?cancelling=1").text)
        assert "Cancel Team?" in asked and "You can take this back" in asked
        assert "Nothing is paid back" not in asked
        adas.post("/plans/cancel")
        assert "Your plan is cancelled" in words(adas.get("/plans").text)
        mail = session.query(Mail).filter_by(kind="plan_cancelled").one()
        assert mail.facts["price_minor"] == 0
