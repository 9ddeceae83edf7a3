"""Asking for a refund: as much as can be given back, and of extra tokens what is unused."""

from datetime import datetime

import pytest

from app.domain.accounts import queries as account_queries
from app.domain.accounts.errors import ReasonInvalid
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice, TaxRate
from app.domain.payments.errors import (
    PaymentNotRefundable,
    RefundTooLarge,
    TokensAlreadyUsed,
    UnknownPayment,
)
from app.domain.payments.models import Payment, Refund
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows.credit_invoice import credit_invoice
from app.workflows.follow_refund import follow_refund
from app.workflows.refund_payment import refund_payment
from app.workflows.request_refund import request_refund
from app.workflows.settle_payment import settle_payment
from app.workflows.switch_plan import Shop
from app.workflows.top_up import top_up
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.payments import (
    BASE_URL,
    SELLER,
    make_checkout,
    make_invoice,
    make_paid,
    payment_row,
)
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway

OLGA = "operator:olga"


@pytest.fixture
def pia(now: datetime, ada: Account) -> Account:
    """Pia is on Pro, whose extra token costs 0.00015 USD, and has used up her quota."""
    pia = make_account("pia", plan_id="plan-pro")
    make_usage("pia", prompt_tokens=1_000_000, completion_tokens=0)
    return pia


def ask(
    payment: Payment, minor: int | None = None, *, now: datetime, reason: str = "Sorry"
) -> Refund:
    with transaction():
        return request_refund(
            payment.public_id, amount_minor=minor, reason=reason, actor=OLGA, now=now
        )


def carry_out(refund: Refund, gateway: FakeGateway, *, now: datetime) -> None:
    """Let the worker send the money back, and take back what it had paid for."""
    refund_payment(refund.id, gateways={"stripe": gateway}, now=now)
    with transaction():
        follow_refund(refund.id, now=now)
    session.rollback()


def buy(account: Account, minor: int, *, gateway: FakeGateway, now: datetime) -> Payment:
    """Let the account buy extra tokens."""
    shop = Shop(gateway=gateway, asked={}, base_url=BASE_URL, seller=SELLER, grace=GRACE)
    bought = top_up(account, amount_minor=minor, shop=shop, now=now)
    session_id = payment_row(bought.checkout.payment_id).provider_session
    gateway.pay(session_id)
    with transaction():
        settle_payment(gateway.outcome_of_session(session_id), now=now)
    return payment_row(bought.checkout.payment_id)


class TestRequestRefund:
    def test_promises_to_send_it_back(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        refund = ask(payment, 234, now=now)
        assert (refund.amount_minor, refund.status, refund.requested_by) == (234, "created", OLGA)
        promise = session.query(OutboxEntry).filter_by(kind="refund_payment").one()
        assert promise.payload == {"refund": refund.id}

    def test_sends_all_back_without_an_amount(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        assert ask(payment, 234, now=now).amount_minor == 234
        rest = ask(payment, now=now)
        assert rest.amount_minor == 1_000
        carry_out(rest, gateway, now=now)
        check_books()

    def test_refuses_more_than_was_paid(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        for minor in (1_235, 0, -1):
            with pytest.raises(RefundTooLarge):
                ask(payment, minor, now=now)
        ask(payment, now=now)
        with pytest.raises(PaymentNotRefundable):
            ask(payment, now=now)

    def test_refuses_what_has_become_credit(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        invoice = session.get_one(Invoice, payment.invoice_id)
        with transaction():
            credit_invoice(
                invoice.public_id, amount_minor=1_000, reason="Slow", actor=OLGA, now=now
            )
        with pytest.raises(RefundTooLarge, match=r"At most \$2\.34 .* account credit"):
            ask(payment, 235, now=now)
        carry_out(ask(payment, now=now), gateway, now=now)
        assert payment_row(payment.public_id).refunded_minor == 234
        check_books()
        with pytest.raises(RefundTooLarge, match=r"At most \$0\.00"):
            ask(payment, now=now)

    def test_refuses_what_never_came(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        with pytest.raises(PaymentNotRefundable, match="The payment is pending"):
            ask(payment_row(checkout.payment_id), now=now)
        with pytest.raises(UnknownPayment), transaction():
            request_refund("pay-1", amount_minor=1, reason="a", actor=OLGA, now=now)

    def test_wants_a_reason(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        with pytest.raises(ReasonInvalid):
            ask(make_paid(ada, gateway=gateway), now=now, reason=" ")


class TestExtraTokens:
    def test_unused_ones_come_back_whole(
        self, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = buy(pia, 10_000, gateway=gateway, now=now)
        refund = ask(payment, now=now)
        assert refund.amount_minor == 10_000
        carry_out(refund, gateway, now=now)
        session.refresh(pia)
        assert pia.extra_tokens == 0
        assert session.query(UsageCorrection).count() == 0
        check_books()

    def test_only_what_is_unused_is_given_back(
        self, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = buy(pia, 10_000, gateway=gateway, now=now)
        make_usage("pia", prompt_tokens=333_333, completion_tokens=0, now=now)
        with pytest.raises(TokensAlreadyUsed, match=r"At most \$50\.00 of this payment"):
            ask(payment, 5_001, now=now)
        refund = ask(payment, now=now)
        assert refund.amount_minor == 5_000
        carry_out(refund, gateway, now=now)
        session.refresh(pia)
        # Half a token is left of the last cent.
        assert pia.extra_tokens <= 1 and session.query(UsageCorrection).count() == 0
        check_books()

    def test_used_ones_are_not(self, pia: Account, gateway: FakeGateway, now: datetime) -> None:
        payment = buy(pia, 10_000, gateway=gateway, now=now)
        make_usage("pia", prompt_tokens=666_666, completion_tokens=0, now=now)
        for minor in (None, 1, 10_000):
            with pytest.raises(TokensAlreadyUsed):
                ask(payment, minor, now=now)

    def test_those_on_their_way_back_are_not_given_back_twice(
        self, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = buy(pia, 10_000, gateway=gateway, now=now)
        make_usage("pia", prompt_tokens=333_333, completion_tokens=0, now=now)
        first, rest = ask(payment, 2_000, now=now), ask(payment, now=now)
        assert rest.amount_minor == 3_000
        with pytest.raises(TokensAlreadyUsed):
            ask(payment, 1, now=now)
        for refund in (first, rest):
            carry_out(refund, gateway, now=now)
        assert session.query(UsageCorrection).count() == 0
        check_books()

    def test_come_back_with_their_tax(
        self, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="USt", rate_bp=1_900, updated_at=now))
            account_queries.settings_of(pia).country = "DE"
        payment = buy(pia, 10_000, gateway=gateway, now=now)
        make_usage("pia", prompt_tokens=333_333, completion_tokens=0, now=now)
        refund = ask(payment, now=now)
        assert refund.amount_minor == 5_950
        carry_out(refund, gateway, now=now)
        assert session.query(UsageCorrection).count() == 0
        check_books()
