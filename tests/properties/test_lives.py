"""Whole lives of a customer over generated steps, against plain integers, on both databases.

No sequence of steps that are allowed leaves him with more money, credit or tokens than he has
paid for or was granted.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain.accounts import queries as accounts
from app.domain.coupons.models import Coupon
from app.domain.invoices import queries as invoices
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.domain.subscriptions import queries as subscriptions
from app.domain.usage.models import BillingRecord
from app.foundation.database import end_reading, session, transaction
from app.foundation.errors import DomainError
from app.foundation.periods import BillingMonth
from app.workflows.begin_checkout import begin_checkout
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.close_month import close_month
from app.workflows.lapse_open_purchases import lapse_open_purchases
from app.workflows.redeem_coupon import redeem_coupon
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.resume_subscription import resume_subscription
from app.workflows.settle_payment import settle_payment
from app.workflows.sign_up import sign_up
from app.workflows.switch_plan import Shop, switch_plan
from app.workflows.top_up import top_up
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.catalog import make_price
from tests.factories.payments import BASE_URL, SELLER
from tests.factories.usage import GRACE, make_report, record
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.proofs.sizes import sized
from tests.properties.ledger_of_a_life import PAYG, Life
from tests.properties.nothing_for_nothing import assert_nothing_for_nothing

R = TypeVar("R")
BEGIN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
RUNS = settings(
    max_examples=sized(4, long=20),
    deadline=None,
    # Each step is several transactions: telling the case is worth more than making it short.
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
COUPONS = [
    ("fixed", 500),
    ("fixed", 20_000),
    ("percentage", 2_000),
    ("percentage", 9_990),
    ("percentage", 10_000),
    ("free_tokens", 5_000),
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 5 * 24, 14 * 24, 31 * 24])),
        st.tuples(st.just("use"), st.sampled_from([1, 333, 60_000, 400_000, 3_000_000])),
        st.tuples(
            st.just("switch"),
            st.sampled_from(["plan-basic", "plan-pro", "plan-enterprise"]),
            st.sampled_from(["pay", "leave", "pay twice"]),
        ),
        st.tuples(st.just("pay"), st.just("renewal")),
        st.tuples(st.just("finish"), st.sampled_from(["pay", "lapse"])),
        st.tuples(st.sampled_from(["cancel", "resume"]), st.just("")),
        st.tuples(
            st.just("redeem"),
            st.sampled_from(COUPONS),
        ),
        st.tuples(st.just("top_up"), st.sampled_from([500, 10_000])),
        st.tuples(st.just("void"), st.integers(1, 8)),
    ),
    min_size=3,
    max_size=14,
)
_examples = count(1)
# One for all lives: its pages must not have the same names.
GATEWAY = FakeGateway()


@pytest.fixture(autouse=True)
def world(app: Flask) -> Iterator[None]:
    make_price("plain", prompt_pico=1_000_000, completion_pico=1_000_000)
    yield
    check_books()


def tried(act: Callable[[], R]) -> tuple[R | None, str | None]:
    """Return what the act returned, or the name of its refusal."""
    try:
        return act(), None
    except DomainError as refusal:
        return None, refusal.code


class Customer:
    """The customer in the app, whose steps are those of his plain life."""

    def __init__(self, number: int) -> None:
        session.rollback()
        self.now, self.numbers = BEGIN, count(1)
        with transaction():
            name = f"life-{number}"
            self.account = sign_up(f"{name}@example.com", user_id=name, now=self.now)
        self.life = Life(self.now)
        self.gateway = GATEWAY
        self.shop = Shop(self.gateway, {"stripe": self.gateway}, BASE_URL, SELLER, GRACE)
        self.overpaid = 0
        self.page: str | None = None

    @property
    def name(self) -> str:
        return self.account.id

    def jobs(self, *, again: bool = True) -> None:
        """Do what the worker would do, and do all of it again: the second time changes nothing."""
        self.life.roll(self.now)
        self.life.renew(self.now)
        self.life.lapse_if_late(self.now)
        for _ in range(1 + again):
            with transaction():
                lapse_open_purchases(now=self.now)
            with transaction():
                renew_subscriptions(seller=SELLER, grace=GRACE, now=self.now)
        month = BillingMonth.of(BEGIN)
        while self.now >= month.period.ends_at + HOUR:
            is_new = str(month) not in self.life.closed
            if is_new:
                self.life.close(str(month), self.now)
            if is_new or again:
                with transaction():
                    close_month(month, seller=SELLER, actor="system", now=self.now)
            month = month.plus(1)

    def wait(self, hours: int) -> None:
        # No longer than a day at a time, so that jobs are as punctual as they are.
        days = max(hours // 24, 1)
        for day in range(1, days + 1):
            self.now += min(hours, 24) * HOUR
            self.jobs(again=day == days)

    def use(self, tokens: int) -> None:
        request = f"{self.name}-{next(self.numbers)}"
        self.life.use(request, tokens, self.now)
        report = make_report(
            self.name, request_id=request, model="plain", prompt_tokens=tokens, completion_tokens=0
        )
        record([report], now=self.now)

    def void(self, number: int) -> None:
        request = f"{self.name}-{number}"
        self.life.void(request)
        if session.scalar(select(BillingRecord.id).filter_by(request_id=request)) is not None:
            with transaction():
                void_usage(request, reason="a test", actor="gateway:1", now=self.now)

    def redeem(self, what: tuple[str, int]) -> None:
        number = next(_examples)
        with transaction():
            session.add(
                Coupon(
                    code=f"LIFE{number}",
                    type=what[0],
                    value=what[1],
                    max_uses=1,
                    created_by="olga",
                    valid_from=BEGIN,
                    expires_at=BEGIN + timedelta(days=4_000),
                    created_at=BEGIN,
                    updated_at=BEGIN,
                )
            )
        with transaction():
            redeem_coupon(f"life{number} ", self.account, plan_id=None, grace=GRACE, now=self.now)
        self.life.redeem(*what, number)

    def switch(self, plan: str, then: str) -> None:
        expected = self.life.switch(plan, self.now)
        checkout, refused = tried(
            lambda: switch_plan(self.account, plan, shop=self.shop, now=self.now)
        )
        done = "done" if checkout is None else "to pay"
        # Whether it was scheduled or applied is what compare() looks at.
        assert (refused or done) == {"scheduled": "done", "applied": "done"}.get(expected, expected)
        if checkout is not None:
            self.page = checkout.checkout_url.rpartition("/")[2]
            if then != "leave":
                self.settle(self.page, times=2 if then == "pay twice" else 1)

    def settle(self, page: str, *, times: int = 1) -> None:
        due = self.gateway.pages[page].order.amount_minor
        if self.life.change is None or not self.life.apply(self.now):
            self.overpaid += due
        self.gateway.pay(page)
        for _ in range(times):
            with transaction():
                settle_payment(self.gateway.outcome_of_session(page), now=self.now)
        self.page = None

    def finish(self, how: str) -> None:
        if self.page is None:
            return
        if how == "pay":
            self.settle(self.page)
            return
        self.life.lapse()
        self.gateway.end(self.page, self.gateway.pages[self.page].status.EXPIRED)
        with transaction():
            settle_payment(self.gateway.outcome_of_session(self.page), now=self.now)
        self.page = None

    def cancel(self, _: str) -> None:
        self.said(self.life.cancel(), "cancelled", cancel_subscription)

    def resume(self, _: str) -> None:
        self.said(self.life.resume(), "resumed", resume_subscription)

    def said(self, expected: str, well: str, act) -> None:
        def acted() -> None:
            with transaction():
                act(self.account, grace=GRACE, now=self.now)

        _, refused = tried(acted)
        assert (refused or well) == expected

    def top_up(self, minor: int) -> None:
        if self.life.plan == PAYG:
            return
        bought = top_up(self.account, amount_minor=minor, shop=self.shop, now=self.now)
        self.gateway.pay(page := bought.checkout.checkout_url.rpartition("/")[2])
        with transaction():
            settle_payment(self.gateway.outcome_of_session(page), now=self.now)
        self.life.top_up(minor)

    def pay(self, _: str) -> None:
        """Pay the renewal that waits, if there is one."""
        waiting = session.scalar(
            select(Invoice.public_id).filter_by(
                user_id=self.name, kind="subscription", status="issued"
            )
        )
        assert (waiting is not None) == (self.life.owed is not None)
        if waiting is None:
            return
        end_reading()
        order = begin_checkout(
            self.account,
            waiting,
            gateway=self.gateway,
            asked=self.shop.asked,
            base_url=BASE_URL,
            now=self.now,
        )
        self.gateway.pay(page := order.checkout_url.rpartition("/")[2])
        with transaction():
            settle_payment(self.gateway.outcome_of_session(page), now=self.now)
        self.life.pay_renewal()

    def compare(self) -> None:
        """Hold the books against the plain life."""
        session.expire_all()
        standing = subscriptions.subscription_of(self.name, now=self.now, grace=GRACE)
        account, life = accounts.account(self.name), self.life
        period = standing.period
        assert (standing.plan_id, period.starts_at, period.ends_at, period.grace_ends_at) == (
            life.plan,
            life.start,
            life.end,
            life.grace_end,
        )
        assert (period.quota, period.quota_tokens_used) == (life.quota, life.used_of_quota)
        assert (standing.auto_renew, standing.pending_plan_id) == (life.auto_renew, life.pending)
        assert (account.extra_tokens, account.granted_tokens) == (life.extra, life.granted)
        assert account.credit_minor == life.credit
        if period.id is not None:
            assert invoices.net_paid_minor(period.id) == life.net_paid
        self.compare_money()
        end_reading()

    def compare_money(self) -> None:
        settled = select(Payment).filter_by(user_id=self.name, status="settled")
        payments = session.scalars(settled).all()
        taken = sum(payment.amount_minor for payment in payments if not payment.is_overpayment)
        too_much = sum(payment.amount_minor for payment in payments if payment.is_overpayment)
        assert (taken, too_much) == (self.life.paid, self.overpaid)
        asked = {
            row.billing_month: (row.amount_minor, row.final_minor - row.credit_used_minor)
            for row in session.scalars(select(Invoice).filter_by(user_id=self.name, kind="usage"))
        }
        assert asked == self.life.usage_invoices


PAY, LEAVE = "pay", "leave"
BUY_BASIC, BUY_PRO = ("switch", "plan-basic", PAY), ("switch", "plan-pro", PAY)
BUY_ENTERPRISE = ("switch", "plan-enterprise", PAY)
A_WEEK_AND_MORE, TWO_WEEKS, A_MONTH = ("wait", 10 * 24), ("wait", 14 * 24), ("wait", 31 * 24)
FREE, NEARLY_FREE = ("redeem", ("percentage", 10_000)), ("redeem", ("percentage", 9_990))
LIVES = (
    # Up twice within a period, and what is left of each is credited.
    [BUY_BASIC, TWO_WEEKS, BUY_PRO, ("use", 400_000), ("wait", 5 * 24), BUY_ENTERPRISE],
    # What cost nothing is worth nothing when it is given up.
    [FREE, BUY_PRO, TWO_WEEKS, BUY_ENTERPRISE, A_MONTH, ("pay", "renewal")],
    [NEARLY_FREE, BUY_BASIC, BUY_PRO, A_MONTH, ("pay", "renewal"), A_MONTH],
    # Down, taken back, down again and renewed; the cancellation clears it.
    [BUY_PRO, BUY_BASIC, ("resume", ""), BUY_BASIC, A_MONTH, ("pay", "renewal"), ("cancel", "")],
    [BUY_PRO, BUY_BASIC, ("cancel", ""), ("cancel", ""), ("resume", ""), A_MONTH],
    # Not paid in time: some of the quota was used for nothing, and all of it ends.
    [BUY_PRO, A_MONTH, ("use", 3_000_000), A_WEEK_AND_MORE, ("pay", "renewal"), BUY_BASIC],
    # A page that is left, one that lapses, one that is paid too late, and a second one beside it.
    [("switch", "plan-pro", LEAVE), BUY_PRO, ("switch", "plan-basic", LEAVE), ("finish", PAY)],
    [("redeem", ("fixed", 500)), ("switch", "plan-pro", LEAVE), ("wait", 1), ("finish", PAY)],
    [("switch", "plan-pro", LEAVE), ("finish", "lapse"), ("switch", "plan-pro", "pay twice")],
    [BUY_BASIC, ("switch", "plan-pro", LEAVE), ("cancel", ""), ("resume", ""), ("finish", PAY)],
    # Tokens that are given, bought, used, and given back when the request is voided.
    [
        *(("redeem", ("free_tokens", 5_000)), BUY_BASIC, ("top_up", 500), ("use", 400_000)),
        *(("void", 1), ("use", 333), ("wait", 31 * 24), ("void", 2), ("top_up", 10_000)),
    ],
    # What was billed is voided: the next invoice is less by it.
    [("use", 3_000_000), A_MONTH, ("void", 1), ("use", 400_000), A_MONTH, ("use", 1), A_MONTH],
)


def live(steps: list, *, days_after: int) -> None:
    """Go through a life step by step, and after each hold it against what it should be."""
    customer = Customer(next(_examples))
    for name, *given_to_it in steps:
        customer.now += MINUTE
        getattr(customer, name)(*given_to_it)
        customer.jobs()
        customer.compare()
        assert_nothing_for_nothing(customer.name)
        end_reading()
    # And on for some time, whatever was left open.
    customer.wait(days_after * 24)
    customer.compare()
    assert_nothing_for_nothing(customer.name)


@on_one_of_both
@pytest.mark.parametrize("steps", LIVES)
def test_these_lives_are_what_plain_integers_say(steps: list) -> None:
    live(steps, days_after=40)


@given(steps=STEPS)
@RUNS
def test_any_life_is_what_plain_integers_say(steps: list) -> None:
    live(steps, days_after=92)
