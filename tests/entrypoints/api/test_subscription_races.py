"""A customer with two tabs open: whatever both do at the same moment, one thing comes of it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.subscriptions.models import PlanChange, Subscription
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock
from app.foundation.database import end_reading, session
from tests.books import check_books
from tests.factories.purchases import (
    begin_switch,
    buy_plan,
    invoices_of,
    payments_of,
    promises,
    tell,
)
from tests.factories.redemptions import make_coupon, redeem, usage_of
from tests.factories.subscriptions import current_period
from tests.fakes.payment_gateway import FakeGateway
from tests.threads import in_parallel

SUBSCRIPTION = "/v1/billing/subscription"
Answer = tuple[int, str | None]
Click = Callable[[], Answer]
ROUNDS = 4


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def click(app: Flask, by_ada: dict[str, str]) -> Callable[..., Click]:
    """Return what posts from a tab of its own: the status, and the code of a refusal."""

    def clicked(path: str, **body: object) -> Click:
        browser = app.test_client()

        def click() -> Answer:
            answer = browser.post(f"{SUBSCRIPTION}{path}", json=body, headers=by_ada)
            return answer.status_code, answer.json.get("code")

        return click

    return clicked


@pytest.fixture
def basic(ada: Account, gateway: FakeGateway) -> Account:
    """Ada, on Basic from now on."""
    buy_plan(ada, "plan-basic", gateway=gateway, now=clock.now())
    end_reading()
    return ada


def at_once(app: Flask, *clicks: Click) -> list[Answer]:
    """Click in all tabs at the same moment."""
    end_reading()
    answers = in_parallel(app, list(clicks))
    session.expire_all()
    return answers


def test_a_cancellation_and_an_upgrade(app: Flask, basic: Account, click) -> None:
    cancelled, switched = at_once(app, click("/cancel"), click("", plan_id="plan-pro"))
    # An upgrade may follow a cancellation and clears it once it is paid; the other way round
    # the cancellation has to wait for the money.
    assert switched == (200, None)
    assert cancelled in ((200, None), (409, "change_in_progress"))
    (subscription,) = session.query(Subscription).filter_by(status="active")
    assert subscription.auto_renew is (cancelled[0] != 200)
    assert session.query(PlanChange).filter_by(status="open").count() == 1


def test_a_cancellation_and_a_downgrade(app: Flask, ada: Account, gateway, click) -> None:
    buy_plan(ada, "plan-pro", gateway=gateway, now=clock.now())
    answers = at_once(app, click("/cancel"), click("", plan_id="plan-basic"))
    assert answers == [(200, None)] * 2
    (subscription,) = session.query(Subscription).filter_by(status="active")
    # The later one has cleared the other.
    assert subscription.auto_renew is (subscription.pending_plan_id is not None)


def test_two_cancellations(app: Flask, basic: Account, click) -> None:
    answers = at_once(app, *[click("/cancel") for _ in range(4)])
    assert sorted(answers) == [(200, None), *[(409, "nothing_to_cancel")] * 3]


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_paying_a_change_and_giving_it_up(
    app: Flask, basic: Account, gateway: FakeGateway, click, round_number: int
) -> None:
    make_coupon(now=clock.now())
    redeem("SAVE20", basic, now=clock.now())
    begin_switch(basic, "plan-pro", gateway=gateway, now=clock.now())
    page = list(gateway.pages)[-1]
    gateway.pay(page)

    def arrive() -> Answer:
        tell(gateway.outcome_of_session(page), now=clock.now())
        return 200, None

    _, given_up = at_once(app, arrive, click("/resume"))
    payment, invoice = payments_of(basic)[-1], invoices_of(basic)[-1]
    is_pro = current_period("ada").plan_id == "plan-pro"
    # Either she has the plan for her money, or her money and her coupon.
    assert given_up == ((409, "nothing_to_resume") if is_pro else (200, None))
    assert (payment.is_overpayment, invoice.status) == (
        (False, "paid") if is_pro else (True, "void")
    )
    assert (usage_of(basic, "SAVE20").used_up_at is not None) is is_pro
    assert len(promises(REFUND_PAYMENT)) == (0 if is_pro else 1)
    end_reading()
    work_off_outbox()
    assert [order.provider_payment for order in gateway.refund_orders] == (
        [] if is_pro else [payment.provider_payment]
    )
