"""Figures across subjects: an account's own, and each amount once."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts.models import BillingSettings
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.payments.models import Dispute, Payment
from app.domain.reporting import queries
from app.domain.reporting.views import Debts
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_usage
from tests.moments import NOW
from tests.statements import statements

ONE_REQUEST = 22_200_000
OCTOBER = datetime(2026, 10, 20, tzinfo=UTC)
NOTHING = Debts(0, 0, None, 0, 0, has_paid=False, has_open_dispute=False)


def make_invoice(user_id: str = "ada", **changes: object) -> Invoice:
    """Make an issued usage invoice of October over 3 USD, due in a week."""
    number = session.query(Invoice).count() + 1
    given = {
        "public_id": f"inv-{number}",
        "invoice_number": f"INV-{number}",
        "kind": "usage",
        "billing_month": "2026-10",
        "status": "issued",
        "amount_minor": 300,
        "final_minor": 300,
        "issued_at": NOW,
        "due_at": NOW + timedelta(days=7),
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }
    invoice = Invoice(user_id=user_id, **given)
    session.add(invoice)
    session.commit()
    return invoice


def make_payment(invoice: Invoice, **changes: object) -> Payment:
    given = {
        "purpose": "invoice",
        "provider": "stripe",
        "method": "checkout",
        "attempt_number": 1,
        "status": "settled",
        "settled_at": NOW,
        "provider_payment": "pi_1",
        "amount_minor": 300,
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }
    payment = Payment(
        public_id="pay-1",
        idempotency_key="key-1",
        user_id=invoice.user_id,
        invoice_id=invoice.id,
        **given,
    )
    session.add(payment)
    session.commit()
    return payment


def make_carried(**changes: object) -> None:
    given = {
        "kind": "usage",
        "from_month": "2026-10",
        "amount_nanos": ONE_REQUEST,
        "created_at": NOW,
        **changes,
    }
    session.add(CarriedAmount(user_id="ada", **given))
    session.commit()


class TestStats:
    def test_tells_month_period_and_all_time_apart(self, noise) -> None:
        cleo = make_account("cleo", plan_id="plan-basic", extra_tokens=1_000)
        make_usage("cleo", occurred_at=OCTOBER)
        make_usage("cleo", prompt_tokens=100_000, completion_tokens=0)
        make_usage("noise-pro")
        stats = queries.stats(cleo, now=NOW, grace=GRACE)
        period = current_period("cleo")
        assert stats.month_tokens == 100_000
        assert stats.plan == "basic"
        assert stats.tokens_quota == 100_000
        # October's request occurred before the period began: it is drawn from the current one.
        assert stats.tokens_used == 100_620
        assert stats.quota_tokens_used == 100_000
        assert stats.tokens_remaining == 0
        assert stats.token_balance == stats.extra_tokens == 380
        assert (stats.period_starts_at, stats.period_ends_at) == (period.starts_at, period.ends_at)

    def test_is_nothing_for_strangers(self, ada, ben) -> None:
        make_usage("ada")
        stats = queries.stats(ben, now=NOW, grace=GRACE)
        assert stats.month_tokens == stats.tokens_used == 0
        assert stats.month_cost_nanos == stats.total_cost_nanos == 0

    def test_sees_the_next_period_before_anyone_has_written_it(self, ada) -> None:
        make_usage("ada")
        later = current_period("ada").ends_at + timedelta(days=1)
        stats = queries.stats(ada, now=later, grace=GRACE)
        assert stats.tokens_used == 0
        assert stats.month_cost_nanos == 0
        assert stats.total_cost_nanos == ONE_REQUEST

    def test_takes_few_statements(self, ada) -> None:
        with statements() as sent:
            queries.stats(ada, now=NOW, grace=GRACE)
        assert len([statement for statement in sent if "SELECT" in statement]) <= 3


class TestQuotaWatch:
    def test_reads_the_accounts_own_threshold(self, ada, noise) -> None:
        cleo = make_account("cleo", plan_id="plan-pro", extra_tokens=5)
        session.query(BillingSettings).filter_by(user_id="cleo").one().alert_threshold = 77
        session.commit()
        watch = queries.quota_watch(cleo, now=NOW, grace=GRACE)
        assert watch.alert_threshold == 77
        assert watch.token_balance == 1_000_005
        assert watch.has_quota
        assert not queries.quota_watch(ada, now=NOW, grace=GRACE).has_quota


class TestDebts:
    def test_are_none_at_first_and_for_strangers(self, ada, ben, noise) -> None:
        assert queries.debts(ada, now=NOW) == NOTHING
        make_usage("ada")
        make_payment(make_invoice("ada"))
        assert queries.debts(ben, now=NOW) == NOTHING

    def test_count_usage_until_it_is_invoiced(self, ada, noise) -> None:
        make_usage("ada", occurred_at=OCTOBER)
        make_usage("ada")
        make_usage("noise-payg")
        owing = queries.debts(ada, now=NOW)
        assert owing.unbilled_nanos == 2 * ONE_REQUEST
        assert owing.spent_nanos == ONE_REQUEST
        invoice = make_invoice(status="draft")
        assert queries.debts(ada, now=NOW).unbilled_nanos == 2 * ONE_REQUEST
        invoice.status = "issued"
        session.commit()
        owing = queries.debts(ada, now=NOW)
        assert owing.unbilled_nanos == ONE_REQUEST
        assert owing.unpaid_minor == 300
        assert owing.oldest_due_at == NOW + timedelta(days=7)

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "paid", "paid_at": NOW},
            {"status": "void"},
            {"credit_used_minor": 300},
        ],
    )
    def test_forget_invoices_that_are_paid_or_void(self, ada, changes) -> None:
        make_usage("ada", occurred_at=OCTOBER)
        make_invoice(**changes)
        owing = queries.debts(ada, now=NOW)
        assert owing.unbilled_nanos == owing.unpaid_minor == 0

    def test_leave_out_renewals_in_their_grace(self, ada) -> None:
        make_invoice(kind="subscription", due_at=NOW - timedelta(days=3))
        owing = queries.debts(ada, now=NOW)
        assert owing.unpaid_minor == 0 and owing.oldest_due_at is None

    def test_name_what_is_to_be_paid_first(self, ada, ben) -> None:
        def first() -> tuple[str | None, int, int]:
            owing = queries.debts_and_usage(ada, now=NOW).debts
            return owing.first_number, owing.issued_minor, owing.issued_count

        make_invoice("ben", kind="subscription")
        assert first() == (None, 0, 0)
        renewal = make_invoice(kind="subscription", due_at=NOW - timedelta(days=3))
        assert first() == (renewal.invoice_number, 300, 1)
        due = make_invoice(due_at=NOW + timedelta(days=9))
        assert first() == (due.invoice_number, 600, 2)

    def test_add_up_unpaid_invoices_and_name_the_oldest(self, ada, ben) -> None:
        make_invoice(due_at=NOW - timedelta(days=40), billing_month="2026-08")
        make_invoice(due_at=NOW - timedelta(days=10), billing_month="2026-09")
        make_invoice("ben", due_at=NOW - timedelta(days=90))
        owing = queries.debts(ada, now=NOW)
        assert owing.unpaid_minor == 600
        assert owing.oldest_due_at == NOW - timedelta(days=40)

    @pytest.mark.parametrize(
        ("due_in", "overdue_minor"),
        [(timedelta(microseconds=1), 0), (timedelta(0), 300), (timedelta(seconds=-1), 300)],
    )
    def test_tell_what_is_past_its_day(self, ada, due_in, overdue_minor) -> None:
        first = make_invoice(due_at=NOW + due_in, billing_month="2026-08")
        make_invoice(due_at=NOW + timedelta(days=9), billing_month="2026-09")
        make_invoice(kind="subscription", due_at=NOW - timedelta(days=3))
        owing = queries.debts(ada, now=NOW)
        assert owing.overdue_minor == overdue_minor
        assert owing.oldest_number == first.invoice_number

    def test_count_what_is_carried_once(self, ada, ben) -> None:
        make_usage("ada", occurred_at=OCTOBER)
        make_carried()
        assert queries.debts(ada, now=NOW).unbilled_nanos == ONE_REQUEST
        assert queries.debts(ben, now=NOW).unbilled_nanos == 0

    def test_forget_what_was_forgiven_or_invoiced_later(self, ada) -> None:
        make_usage("ada", occurred_at=OCTOBER)
        make_carried(forgiven_by="olga")
        assert queries.debts(ada, now=NOW).unbilled_nanos == 0
        invoice = make_invoice(billing_month="2026-09", status="paid", paid_at=NOW)
        make_carried(from_month="2026-09", invoice_id=invoice.id)
        assert queries.debts(ada, now=NOW).unbilled_nanos == 0

    def test_subtract_what_will_be_given_back(self, ada) -> None:
        make_usage("ada")
        for nanos, owed in ((-200_000, ONE_REQUEST - 200_000), (-(10**12), 0)):
            session.add(
                UsageCorrection(
                    user_id="ada",
                    kind="void",
                    billing_month="2026-10",
                    description="Voided",
                    amount_nanos=nanos,
                    created_at=NOW,
                )
            )
            session.commit()
            assert queries.debts(ada, now=NOW).unbilled_nanos == owed

    def test_remember_payments_and_disputes(self, ada) -> None:
        payment = make_payment(make_invoice(), status="pending", settled_at=None)
        assert not queries.debts(ada, now=NOW).has_paid
        payment.status, payment.settled_at = "settled", NOW
        dispute = Dispute(
            payment_id=payment.id,
            user_id="ada",
            provider_dispute="dp_1",
            amount_minor=300,
            reason="fraudulent",
            opened_at=NOW,
        )
        session.add(dispute)
        session.commit()
        owing = queries.debts(ada, now=NOW)
        assert owing.has_paid and owing.has_open_dispute
        dispute.status = "won"
        session.commit()
        assert not queries.debts(ada, now=NOW).has_open_dispute

    def test_count_unpriced_tokens_of_all_months(self, ada) -> None:
        make_usage("ada", model="nobody-knows", occurred_at=OCTOBER)
        make_usage("ada", model="nobody-knows")
        assert queries.debts(ada, now=NOW).unpriced_tokens == 1_240

    def test_take_few_statements(self, ada) -> None:
        with statements() as sent:
            queries.debts(ada, now=NOW)
        assert len([statement for statement in sent if "SELECT" in statement]) <= 5
