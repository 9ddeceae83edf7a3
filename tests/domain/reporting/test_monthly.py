"""The operator's month: each figure by its own date, and parts that add up to their totals."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.invoices.errors import MonthInFuture
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Dispute, Payment, Refund
from app.domain.reporting.monthly import MonthlyReport, monthly_report
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import BillingRecord, MonthClose
from app.domain.usage.pruning import prune
from app.foundation.database import db, session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.catalog import make_price
from tests.factories.rows import VALID
from tests.factories.usage import make_report, record
from tests.moments import NOW
from tests.statements import statements

MONTH = BillingMonth(2026, 11)
FIRST, END = MONTH.period.starts_at, MONTH.period.ends_at
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def report(month: BillingMonth = MONTH, *, now: datetime = NOW) -> MonthlyReport:
    session.rollback()
    return monthly_report(month, now=now)


def records_by_plan(month: BillingMonth) -> dict[str, int]:
    return {plan.plan_id: plan.record_count for plan in report(month).by_plan if plan.record_count}


def goes_to_pro(user_id: str, *, at: datetime) -> None:
    """Let somebody have paid as he goes until a moment, and have Pro since then."""
    make_account(user_id, now=at)
    with transaction():
        account = accounts.lock_accounts({user_id})[user_id]
        subscriptions.begin_plan(account, catalog.plan("plan-pro"), now=at)


def invoice(number: int, user_id: str = "ada", **changes: object) -> Invoice:
    """Make an invoice of 1.00 less 0.10 plus 0.05."""
    given = {
        **VALID["invoices"],
        "id": number,
        "public_id": f"inv-{number}",
        "invoice_number": f"INV-{number}",
        "user_id": user_id,
        "kind": "topup",
        "plan_change_id": None,
        "credit_used_minor": 0,
        "issued_at": FIRST,
        **changes,
    }
    if given["status"] == "paid":
        given.setdefault("paid_at", given["issued_at"])
    row = Invoice(**given)
    session.add(row)
    session.commit()
    return row


def payment(number: int, **changes: object) -> Payment:
    given = {
        **VALID["payments"],
        "id": number,
        "public_id": f"pay-{number}",
        "user_id": "ada",
        "invoice_id": 1,
        "payment_method_id": None,
        "refunded_minor": 0,
        "idempotency_key": f"key-{number}",
        "provider_session": f"cs-{number}",
        "provider_payment": f"pi-{number}",
        "status": "settled",
        "settled_at": FIRST,
        **changes,
    }
    row = Payment(**given)
    session.add(row)
    session.commit()
    return row


class TestUsage:
    def test_is_nothing_in_an_empty_month(self, app: Flask) -> None:
        found = report()
        assert (found.record_count, found.total_tokens, found.revenue_nanos) == (0, 0, 0)
        assert found.average_nanos == 0
        assert (found.by_plan, found.by_model) == ((), ())
        assert (found.moved.collected_minor, found.outstanding_minor) == (0, 0)

    def test_counts_what_is_billed_to_the_month(self, ada: Account, ben: Account) -> None:
        record([make_report("ada"), make_report("ben"), make_report("ada", model="gpt-4o")])
        (other,) = record([make_report("ada", occurred_at=FIRST - INSTANT)])
        assert other.status == "accepted"
        found = report()
        assert found.record_count == 3
        assert found.total_tokens == 3 * 620
        gpt_4 = next(model for model in found.by_model if model.model == "gpt-4")
        assert (gpt_4.record_count, gpt_4.revenue_nanos) == (2, 2 * 22_200_000)
        assert report(MONTH.plus(-1)).record_count == 1

    def test_tells_what_has_no_price_from_what_is_free(self, ada: Account) -> None:
        record([make_report("ada"), make_report("ada", model="nobody-knows")])
        make_price("gift", prompt_pico=0, completion_pico=0)
        record([make_report("ada", model="gift")])
        found = report()
        told = {each.model: (each.unpriced_tokens, each.is_unpriced) for each in found.by_model}
        assert told == {"gpt-4": (0, False), "gift": (0, False), "nobody-knows": (620, True)}
        assert found.unpriced_tokens == 620 and found.total_tokens == 3 * 620

    def test_leaves_voided_records_out(self, ada: Account) -> None:
        record([make_report("ada", request_id="kept"), make_report("ada", request_id="gone")])
        with transaction():
            void_usage("gone", reason="a mistake", actor="test", now=NOW)
        found = report()
        assert (found.record_count, found.revenue_nanos) == (1, 22_200_000)
        assert sum(plan.record_count for plan in found.by_plan) == 1

    def test_rounds_the_average_to_the_nano_half_up(self, ada: Account) -> None:
        make_price("cheap", prompt_pico=1_000, completion_pico=0)
        counts = (1, 2)
        record([make_report("ada", model="cheap", prompt_tokens=n) for n in counts])
        assert report().revenue_nanos == 3
        assert report().average_nanos == 2

    def test_counts_for_the_plan_that_it_drew_from(self, ada: Account) -> None:
        make_account("pia", plan_id="plan-pro")
        day = timedelta(days=1)
        record([make_report("ada"), make_report("pia")], now=NOW - day)
        with transaction():
            account = accounts.lock_accounts({"ada"})["ada"]
            subscriptions.begin_plan(account, catalog.plan("plan-basic"), now=NOW - day / 2)
        record([make_report("ada"), make_report("ada"), make_report("pia")])
        by_plan = {plan.plan_id: plan for plan in report().by_plan}
        assert {plan_id: plan.record_count for plan_id, plan in by_plan.items()} == {
            "plan-basic": 2,
            "plan-pro": 2,
            "plan-payg": 1,
        }
        assert by_plan["plan-payg"].revenue_nanos == 22_200_000
        assert by_plan["plan-basic"].revenue_nanos == 0

    def test_goes_by_the_plan_of_the_period_to_the_instant(self, app: Flask) -> None:
        goes_to_pro("eve", at=FIRST)
        moments = (FIRST - INSTANT, FIRST, FIRST + INSTANT)
        record([make_report("eve", occurred_at=moment) for moment in moments])
        assert records_by_plan(MONTH.plus(-1)) == {"plan-payg": 1}
        assert records_by_plan(MONTH) == {"plan-pro": 2}

    def test_goes_by_it_when_the_records_are_kept_no_longer(self, app: Flask) -> None:
        goes_to_pro("eve", at=FIRST)
        before = [make_report("eve", occurred_at=FIRST - day) for day in (DAY, 2 * DAY)]
        record([*before, make_report("eve", occurred_at=FIRST)])
        session.add(MonthClose(user_id=None, billing_month="2026-10", closed_at=NOW))
        session.commit()
        as_recorded = report(MONTH.plus(-1)).by_plan
        with transaction():
            assert prune(accounts.lock_accounts({"eve"})["eve"], before=FIRST, limit=9) == 2
        assert report(MONTH.plus(-1)).by_plan == as_recorded
        assert records_by_plan(MONTH.plus(-1)) == {"plan-payg": 2}
        assert records_by_plan(MONTH) == {"plan-pro": 1}


class TestInvoiced:
    @pytest.mark.parametrize(
        ("issued_at", "counts"),
        [(FIRST - INSTANT, 0), (FIRST, 1), (END - INSTANT, 1), (END, 0)],
    )
    def test_counts_by_the_moment_of_issue(
        self, ada: Account, issued_at: datetime, counts: int
    ) -> None:
        invoice(1, issued_at=issued_at)
        invoice(2, kind="subscription", plan_id="plan-basic", issued_at=issued_at)
        found = report().invoiced
        assert found.topup_minor == found.subscription_minor == 90 * counts
        assert (found.discount_minor, found.tax_minor) == (20 * counts, 10 * counts)

    def test_counts_for_the_plan_that_was_invoiced(self, ada: Account) -> None:
        with transaction():
            account = accounts.lock_accounts({"ada"})["ada"]
            begun = subscriptions.begin_plan(account, catalog.plan("plan-pro"), now=FIRST)
        old = session.query(SubscriptionPeriod).filter_by(user_id="ada", is_current=False).one()
        # One names its plan itself, the other by its period; she has Pro by now.
        invoice(1, kind="subscription", plan_id="plan-basic", issued_at=FIRST - INSTANT)
        invoice(2, kind="subscription", period_id=begun.id, plan_id=None, issued_at=FIRST)
        invoice(3, kind="subscription", period_id=old.id, plan_id=None, issued_at=FIRST)
        assert report(MONTH.plus(-1)).invoiced.subscription_minor_by_plan == {"plan-basic": 90}
        by_plan = report(MONTH).invoiced.subscription_minor_by_plan
        assert by_plan == {"plan-pro": 90, "plan-payg": 90}

    def test_leaves_drafts_and_void_ones_out(self, ada: Account) -> None:
        invoice(1, status="void", voided_at=NOW - INSTANT)
        invoice(2, status="draft", invoice_number=None, issued_at=None, due_at=None)
        found = report()
        assert found.invoiced.topup_minor == 0
        assert found.outstanding_minor == 0

    def test_tells_plans_apart(self, ada: Account) -> None:
        for number, plan_id in enumerate(("plan-basic", "plan-basic", "plan-pro"), start=1):
            invoice(number, kind="subscription", plan_id=plan_id)
        found = report()
        assert {plan.plan_id: plan.subscription_minor for plan in found.by_plan} == {
            "plan-basic": 180,
            "plan-pro": 90,
        }
        assert found.invoiced.subscription_minor == 270


class TestOutstanding:
    @pytest.mark.parametrize(
        ("changes", "minor"),
        [
            ({}, 95),
            ({"credit_used_minor": 30}, 65),
            ({"status": "paid", "paid_at": END - INSTANT}, 0),
            ({"status": "paid", "paid_at": END}, 95),
            ({"status": "void", "voided_at": END - INSTANT}, 0),
            ({"status": "void", "voided_at": END}, 95),
            ({"issued_at": END}, 0),
            ({"issued_at": FIRST - timedelta(days=300)}, 95),
        ],
    )
    def test_is_what_was_unpaid_at_the_months_end(
        self, ada: Account, changes: dict, minor: int
    ) -> None:
        invoice(1, **changes)
        assert report(now=END + timedelta(days=9)).outstanding_minor == minor

    def test_is_what_is_unpaid_now_in_the_running_month(self, ada: Account) -> None:
        invoice(1, issued_at=NOW - INSTANT)
        invoice(2, issued_at=NOW)
        invoice(3, status="paid", paid_at=NOW - INSTANT)
        assert report().outstanding_minor == 95


class TestMoved:
    def test_counts_money_by_the_moment_it_was_settled(self, ada: Account) -> None:
        invoice(1)
        for number, moment in enumerate((FIRST - INSTANT, FIRST, END - INSTANT, END), start=1):
            payment(number, amount_minor=100 * number, settled_at=moment)
        payment(5, amount_minor=7, is_overpayment=True)
        payment(6, status="failed", settled_at=None)
        assert report().moved.received_minor == 200 + 300 + 7

    def test_takes_off_refunds_and_lost_disputes(self, ada: Account) -> None:
        invoice(1)
        payment(1, amount_minor=1_000)
        refund = {**VALID["refunds"], "payment_id": 1, "credit_note_id": None}
        dispute = {**VALID["disputes"], "payment_id": 1, "user_id": "ada"}
        for number, (status, moment) in enumerate(
            [("settled", FIRST), ("settled", END), ("pending", FIRST)], start=1
        ):
            named = {"idempotency_key": f"r{number}", "provider_refund": f"re{number}"}
            told = {"id": number, "amount_minor": 10, "status": status, "updated_at": moment}
            session.add(Refund(**{**refund, **named, **told}))
        for number, (status, moment) in enumerate([("lost", FIRST), ("won", FIRST)], start=1):
            told = {"id": number, "amount_minor": 100, "status": status, "decided_at": moment}
            session.add(Dispute(**{**dispute, **told, "provider_dispute": f"dp{number}"}))
        session.commit()
        moved = report().moved
        assert (moved.refunded_minor, moved.disputed_minor) == (10, 100)
        assert moved.collected_minor == 890


class TestSubscriptions:
    def test_tells_who_came_and_who_went(self, app: Flask, noise: list[Account]) -> None:
        grace = timedelta(days=7)
        for user_id in ("came", "switched", "went"):
            make_account(user_id, now=FIRST + timedelta(days=10))
        for user_id, plan_id, moment in (
            ("came", "plan-basic", FIRST + timedelta(days=1)),
            ("switched", "plan-basic", FIRST + timedelta(days=1)),
            ("switched", "plan-pro", FIRST + timedelta(days=2)),
            ("went", "plan-pro", FIRST + timedelta(days=3)),
        ):
            with transaction():
                account = accounts.lock_accounts({user_id})[user_id]
                subscriptions.begin_plan(account, catalog.plan(plan_id), now=moment)
        # Nobody pays the renewals: a week after the period's end they are paying as they go.
        over = FIRST + timedelta(days=42)
        with transaction():
            subscriptions.usage_periods({"went"}, since=over, now=over, grace=grace)
        november = {plan.plan_id: plan for plan in report(now=over).by_plan}
        assert (november["plan-basic"].new_subscriptions, report().new_subscriptions) == (2, 4)
        # One of these is the noise, whose first period was of a plan.
        assert november["plan-pro"].new_subscriptions == 2
        assert report(now=over).lost_subscriptions == 0
        december = report(MONTH.plus(1), now=over)
        assert (december.new_subscriptions, december.lost_subscriptions) == (0, 1)
        assert [plan.plan_id for plan in december.by_plan] == ["plan-pro"]


class TestMonthlyReport:
    def test_refuses_a_month_that_has_not_begun(self, app: Flask) -> None:
        with pytest.raises(MonthInFuture):
            report(MONTH.plus(1))
        assert report(MONTH.plus(1), now=END).record_count == 0

    def test_takes_the_same_few_statements_for_any_number_of_accounts(self, app: Flask) -> None:
        counts = []
        for number in range(3):
            make_account(f"acct-{number}", plan_id="plan-basic")
            record([make_report(f"acct-{number}")])
            session.rollback()
            with statements(db.engine) as sent:
                monthly_report(MONTH, now=NOW)
            counts.append(len(sent))
        assert len(set(counts)) == 1 and counts[0] <= 7

    @pytest.mark.parametrize("seed", range(6))
    def test_adds_up_whatever_happened(self, app: Flask, seed: int) -> None:
        chance = random.Random(seed)
        plans = ("plan-payg", "plan-basic", "plan-pro")
        users = [f"acct-{number}" for number in range(4)]
        for user_id in users:
            make_account(
                user_id, plan_id=chance.choice(plans), now=datetime(2026, 10, 20, tzinfo=UTC)
            )
        for step in range(6):
            moment = NOW + timedelta(minutes=step)
            at = NOW - timedelta(hours=chance.randrange(600))
            models = ("gpt-4", "gpt-4o", "nobody-knows")
            tokens = {"prompt_tokens": chance.choice((0, 999, 80_000))}
            record(
                [
                    make_report(user_id, model=chance.choice(models), occurred_at=at, **tokens)
                    for user_id in users
                ],
                now=moment,
            )
            switching = chance.choice(users)
            with transaction():
                account = accounts.lock_accounts({switching})[switching]
                plan = catalog.plan(chance.choice(plans[1:]))
                subscriptions.begin_plan(account, plan, now=moment + INSTANT)
        expected = Counter()
        for row in session.query(BillingRecord).filter_by(billing_month=str(MONTH)):
            expected.update(records=1, tokens=row.total_tokens, nanos=row.final_nanos)
        found = report(now=NOW + timedelta(days=1))
        for parts in (found.by_plan, found.by_model):
            assert sum(part.record_count for part in parts) == expected["records"]
            assert sum(part.total_tokens for part in parts) == expected["tokens"]
            assert sum(part.revenue_nanos for part in parts) == expected["nanos"]
        check_books()
