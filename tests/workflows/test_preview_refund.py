"""A preview of a refund says what the refund then does, and refuses what it would refuse."""

from datetime import datetime

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.errors import PaymentNotRefundable, RefundTooLarge, UnknownPayment
from app.domain.payments.models import Payment, Refund
from app.foundation.database import session, transaction
from app.workflows.preview_refund import RefundPreview, preview_refund
from tests.factories.accounts import make_account
from tests.factories.payments import make_checkout, make_invoice, make_paid, make_refund
from tests.factories.purchases import buy_plan, buy_tokens, payments_of
from tests.fakes.payment_gateway import FakeGateway

pytestmark = pytest.mark.usefixtures("app")


def previewed(payment: Payment, minor: int | None = None, *, now: datetime) -> RefundPreview:
    with transaction():
        preview = preview_refund(payment.public_id, amount_minor=minor, now=now)
    assert session.query(Refund).filter_by(status="created").count() == preview.refunds_count
    return preview


class TestPreviewRefund:
    def test_all_of_an_invoice_is_refunded_whole(self, ada: Account, now: datetime) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        whole = previewed(payment, now=now)
        assert (whole.amount_minor, whole.is_whole, whole.ends_plan) == (1_234, True, False)
        part = previewed(payment, 1_233, now=now)
        assert (part.amount_minor, part.most_minor, part.is_whole) == (1_233, 1_234, False)
        assert part.bought_tokens is None

    def test_counts_what_was_asked_for_before(self, ada: Account, now: datetime) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        make_refund(payment, minor=234)
        preview = previewed(payment, now=now)
        assert (preview.amount_minor, preview.refunds_count) == (1_000, 1)

    def test_refuses_what_only_the_demo_has_paid(self, ada: Account, now: datetime) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        with transaction():
            session.get(Payment, payment.id).provider_payment = "pi_demo_1"
        with pytest.raises(PaymentNotRefundable, match="came with the demo"):
            previewed(payment, now=now)
        with pytest.raises(PaymentNotRefundable, match="came with the demo"):
            make_refund(payment, minor=234)

    def test_the_running_plan_ends_with_its_money(self, now: datetime) -> None:
        account = make_account("cleo", now=now)
        buy_plan(account, "plan-pro", gateway=FakeGateway(), now=now)
        [payment] = payments_of(account)
        assert previewed(payment, now=now).ends_plan
        assert not previewed(payment, 9_998, now=now).ends_plan

    def test_says_how_many_tokens_are_unused(self, now: datetime) -> None:
        account = make_account("pia", now=now, plan_id="plan-pro")
        payment = buy_tokens(account, minor=5_000, gateway=FakeGateway(), now=now)
        preview = previewed(payment, now=now)
        assert preview.bought_tokens == preview.unused_tokens == account.extra_tokens > 0

    def test_an_overpayment_takes_nothing_along(self, ada: Account, now: datetime) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        with transaction():
            session.get(Payment, payment.id).is_overpayment = True
        preview = previewed(payment, now=now)
        assert (preview.invoice_number, preview.is_whole) == (None, False)

    def test_refuses_what_asking_would(self, ada: Account, now: datetime) -> None:
        gateway = FakeGateway()
        paid = make_paid(ada, gateway=gateway)
        opened = make_checkout(ada, make_invoice(ada), gateway=gateway)
        for name, minor, refusal in (
            (paid.public_id, 1_235, RefundTooLarge),
            (paid.public_id, 0, RefundTooLarge),
            (opened.payment_id, None, PaymentNotRefundable),
            ("pay-1", None, UnknownPayment),
            ("\x00", None, UnknownPayment),
        ):
            with pytest.raises(refusal), transaction():
                preview_refund(name, amount_minor=minor, now=now)
