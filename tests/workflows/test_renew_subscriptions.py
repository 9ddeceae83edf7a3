"""Renewals: invoiced once however late or often, whole when paid, expired when not."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.domain.invoices.models import CarriedAmount
from app.domain.mails.models import Mail
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.subscriptions import queries
from app.domain.subscriptions.models import Subscription
from app.foundation.database import session, transaction
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.lapse_purchase import CLOSE_CHECKOUTS
from app.workflows.renew_subscriptions import renew_subscriptions
from tests.factories.accounts import make_account
from tests.factories.mails import FACTS
from tests.factories.payments import make_checkout, payment_row
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    buy_plan,
    invoices_of,
    lines_of,
    mails_of,
    make_card,
    pay,
    promises,
)
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem, usage_of
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.statements import sent_in_sets, statements
from tests.threads import in_parallel

TICK, DAY, MINUTE = timedelta(microseconds=1), timedelta(days=1), timedelta(minutes=1)
END = NOW + 30 * DAY
GRACE_END = END + GRACE
pytestmark = pytest.mark.usefixtures("books")


def renew(*, now) -> int:
    """Renew until nobody is left; return how many invoices have to be paid."""
    invoiced = 0
    while True:
        with transaction():
            part = renew_subscriptions(seller=SELLER, grace=GRACE, now=now)
        invoiced += len(part.invoices)
        if not part.looked_at:
            return invoiced


def standing(account: Account, *, now):
    session.rollback()
    return queries.subscription_of(account.id, now=now, grace=GRACE)


@pytest.fixture
def pro(ada: Account, gateway: FakeGateway) -> Account:
    """Ada, with a Pro plan from now on."""
    buy_plan(ada, "plan-pro", gateway=gateway)
    return ada


class TestRenewSubscriptions:
    @pytest.mark.parametrize(("at", "count"), [(END - TICK, 0), (END, 1), (END + MINUTE, 1)])
    def test_begins_at_the_very_end(self, pro: Account, at, count: int) -> None:
        assert renew(now=at) == count
        assert len(invoices_of(pro)) == 1 + count

    def test_asks_for_the_new_period(self, pro: Account) -> None:
        renew(now=END)
        invoice, period = invoices_of(pro)[1], current_period(pro.id)
        assert (invoice.status, invoice.kind, invoice.final_minor) == (
            "issued",
            "subscription",
            9_999,
        )
        assert (invoice.issued_at, invoice.due_at) == (END, END)
        assert invoice.invoice_number == f"INV-{pro.number}-2026-12"
        assert (invoice.period_id, invoice.plan_id) == (period.id, "plan-pro")
        assert lines_of(invoice) == [("Pro plan, 22 Dec 2026 to 22 Jan 2027", 9_999)]
        # 7 of 31 days of the quota, until it is paid.
        assert (period.quota, period.grace_ends_at) == (225_806, GRACE_END)
        assert standing(pro, now=END).status == "past_due"
        assert mails_of(pro)[-1] == "renewal_due"
        told = session.query(Mail).filter_by(kind="renewal_due").one()
        assert set(told.facts) == set(FACTS["renewal_due"])

    @pytest.mark.parametrize("late", [timedelta(0), 3 * DAY, GRACE - TICK])
    def test_is_the_same_late_twice_and_beside_usage(self, pro: Account, late) -> None:
        make_usage(pro.id, now=END + late)
        assert renew(now=END + late) == 1
        assert renew(now=END + late) == 0
        assert len(invoices_of(pro)) == 2

    def test_two_workers_invoice_once(self, app: Flask, pro: Account) -> None:
        counts = in_parallel(app, [lambda: renew(now=END)] * 3)
        assert sum(counts) == 1
        assert mails_of(pro).count("renewal_due") == 1

    def test_leaves_those_alone_who_pay_as_they_go(self, ada: Account) -> None:
        assert renew(now=END + 90 * DAY) == 0
        assert invoices_of(ada) == []

    def test_renews_many_at_once(self, app: Flask, pro: Account) -> None:
        for number in range(3):
            make_account(f"user-{number}", now=NOW + 10 * DAY, plan_id="plan-basic")
        assert renew(now=END) == 4

    def test_takes_as_many_statements_for_many_as_for_few(self, app: Flask) -> None:
        # The one lot begins a day after the other.
        lots, counts = ((2, timedelta(0)), (12, DAY)), []
        for size, later in lots:
            for number in range(size):
                begun = NOW + later + 10 * DAY
                make_account(f"{size}-{number}", now=begun, plan_id="plan-basic")
        for size, later in lots:
            with statements() as sent:
                assert renew(now=END + later) == size
            counts.append(len(sent_in_sets(sent)))
        assert counts[0] == counts[1]
        assert session.query(Mail).filter_by(kind="renewal_due").count() == 14

    def test_takes_the_price_of_the_moment(self, pro: Account) -> None:
        with transaction():
            session.get_one(Plan, "plan-pro").monthly_price_minor = 11_000
        renew(now=END)
        assert invoices_of(pro)[1].final_minor == 11_000

    def test_begins_the_pending_plan(self, pro: Account, gateway) -> None:
        begin_switch(pro, "plan-basic", gateway=gateway, now=NOW + DAY)
        renew(now=END)
        assert lines_of(invoices_of(pro)[1]) == [("Basic plan, 22 Dec 2026 to 22 Jan 2027", 999)]

    def test_asks_for_nothing_after_a_cancellation(self, pro: Account) -> None:
        with transaction():
            cancel_subscription(pro, grace=GRACE, now=NOW + DAY)
        assert standing(pro, now=END - TICK).plan_id == "plan-pro"
        assert renew(now=END) == 0
        assert standing(pro, now=END).plan_id == "plan-payg"
        states = [row.status for row in session.query(Subscription).order_by(Subscription.id)]
        assert states == ["cancelled", "cancelled", "active"]

    def test_brings_what_an_upgrade_was_too_small_for(self, pro: Account, gateway) -> None:
        assert begin_switch(pro, "plan-enterprise", gateway=gateway, now=END - 14 * MINUTE) is None
        renew(now=END)
        renewal = invoices_of(pro)[2]
        assert lines_of(renewal) == [
            ("Enterprise plan, 22 Dec 2026 to 22 Jan 2027", 99_999),
            ("Carried from 2026-12", 29),
        ]
        assert session.query(CarriedAmount).one().invoice_id == renewal.id

    def test_writes_of_paying_only_to_those_without_a_card(self, pro: Account) -> None:
        make_card(pro)
        renew(now=END)
        assert "renewal_due" not in mails_of(pro)


class TestCouponsAndCredit:
    def test_what_a_coupon_covers_is_paid_at_once(self, pro: Account) -> None:
        make_fixed_coupon(minor=20_000)
        redeem("TENOFF", pro)
        assert renew(now=END) == 0
        invoice = invoices_of(pro)[1]
        assert (invoice.status, invoice.final_minor) == ("paid", 0)
        assert (current_period(pro.id).quota, standing(pro, now=END).status) == (
            1_000_000,
            "active",
        )
        assert usage_of(pro, "TENOFF").remaining_minor == 10_001


class TestGrace:
    def invoice(self, account: Account):
        return invoices_of(account)[1]

    @pytest.mark.parametrize("at", [END, END + 3 * DAY, GRACE_END - TICK])
    def test_paid_within_it_makes_the_quota_whole(self, pro: Account, gateway, at) -> None:
        renew(now=END)
        checkout = make_checkout(pro, self.invoice(pro), gateway=gateway, now=END)
        pay(checkout, gateway=gateway, now=at)
        assert (current_period(pro.id).quota, self.invoice(pro).status) == (1_000_000, "paid")
        assert standing(pro, now=at).status == "active"
        renew(now=GRACE_END)
        assert standing(pro, now=GRACE_END).plan_id == "plan-pro"

    def test_unpaid_it_expires(self, pro: Account) -> None:
        make_coupon()
        redeem("SAVE20", pro)
        renew(now=END)
        assert usage_of(pro, "SAVE20").used_up_at == END
        renew(now=GRACE_END - TICK)
        assert standing(pro, now=GRACE_END - TICK).plan_id == "plan-pro"
        renew(now=GRACE_END)
        assert (self.invoice(pro).status, self.invoice(pro).voided_at) == ("void", GRACE_END)
        assert standing(pro, now=GRACE_END).plan_id == "plan-payg"
        statuses = [row.status for row in session.query(Subscription).order_by(Subscription.id)]
        assert statuses == ["cancelled", "expired", "active"]
        assert mails_of(pro)[-1] == "plan_expired"
        assert usage_of(pro, "SAVE20").used_up_at is None
        renew(now=GRACE_END + DAY)
        assert mails_of(pro).count("plan_expired") == 1

    def test_unpaid_its_page_is_closed(self, pro: Account, gateway) -> None:
        renew(now=END)
        make_checkout(pro, self.invoice(pro), gateway=gateway, now=GRACE_END - MINUTE)
        assert promises(CLOSE_CHECKOUTS) == []
        renew(now=GRACE_END)
        assert promises(CLOSE_CHECKOUTS) == [{"invoice": self.invoice(pro).public_id}]

    def test_its_small_amounts_wait_for_the_next_invoice_again(self, pro, gateway) -> None:
        begin_switch(pro, "plan-enterprise", gateway=gateway, now=END - 14 * MINUTE)
        renew(now=END)
        renew(now=GRACE_END)
        assert session.query(CarriedAmount).populate_existing().one().invoice_id is None

    def test_money_that_comes_at_its_end_is_sent_back(self, pro: Account, gateway) -> None:
        renew(now=END)
        checkout = make_checkout(
            pro, self.invoice(pro), gateway=gateway, now=GRACE_END - 10 * MINUTE
        )
        pay(checkout, gateway=gateway, now=GRACE_END)
        assert payment_row(checkout.payment_id).is_overpayment
        assert len(promises(REFUND_PAYMENT)) == 1
        renew(now=GRACE_END)
        assert (self.invoice(pro).status, mails_of(pro)[-1]) == ("void", "plan_expired")

    def test_slept_through_it_asks_for_nothing(self, pro: Account) -> None:
        assert renew(now=GRACE_END + 40 * DAY) == 0
        assert len(invoices_of(pro)) == 1
        assert standing(pro, now=GRACE_END + 40 * DAY).plan_id == "plan-payg"
