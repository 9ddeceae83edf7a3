"""Operators, providers and the customer at the same moment: the books stay right, whoever is first.

Who is first is another one each time, so nothing is said of what is refused.
"""

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from app.domain.accounts import deletion, standing
from app.domain.accounts import queries as accounts
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Refund
from app.foundation.database import end_reading, session, transaction
from app.foundation.errors import DomainError
from app.workflows.adjust_tokens import adjust_tokens
from app.workflows.credit_invoice import credit_invoice
from app.workflows.delete_account import delete_account, keep_account
from app.workflows.erase_account import erase_account
from app.workflows.follow_refund import follow_refund
from app.workflows.refund_payment import refund_payment
from app.workflows.replace_invoice import replace_invoice
from app.workflows.request_refund import request_refund
from app.workflows.resume_subscription import resume_subscription
from app.workflows.settle_payment import settle_payment
from app.workflows.top_up import top_up
from app.workflows.void_invoice import void_invoice
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.payments import SELLER, make_checkout, make_invoice, make_paid, payment_row
from tests.factories.purchases import begin_switch, buy_tokens, make_shop
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.threads import in_parallel

OLGA, WHY = "operator:olga", "For a test"
Act = Callable[[], object]


def at_once(app: Flask, acts: list[Act]) -> list[str]:
    """Do all of it at the same moment; return what was refused, by the names of the refusals."""

    def run(act: Act) -> str:
        try:
            with transaction():
                act()
        except DomainError as refusal:
            return type(refusal).__name__
        return ""

    end_reading()
    refused = in_parallel(app, [lambda act=act: run(act) for act in acts])
    return [name for name in refused if name]


def paid_page(account, invoice, *, gateway: FakeGateway, now: datetime) -> Act:
    """Return the news that a page of the invoice was paid."""
    checkout = make_checkout(account, invoice, gateway=gateway, now=now)
    page = payment_row(checkout.payment_id).provider_session
    gateway.pay(page)
    return lambda: settle_payment(gateway.outcome_of_session(page), now=now)


def refund(named: str, minor: int | None, *, now: datetime) -> Act:
    return lambda: request_refund(named, amount_minor=minor, reason=WHY, actor=OLGA, now=now)


def credit(named: str, minor: int, *, now: datetime) -> Act:
    return lambda: credit_invoice(named, amount_minor=minor, reason=WHY, actor=OLGA, now=now)


def carry_out_refunds(gateway: FakeGateway, *, now: datetime) -> None:
    asked = [refund.id for refund in session.query(Refund).order_by(Refund.id)]
    end_reading()
    for refund_id in asked:
        refund_payment(refund_id, gateways={"stripe": gateway}, now=now)
        with transaction():
            follow_refund(refund_id, now=now)


def test_an_invoice_is_paid_forgiven_and_replaced(app, gateway, now) -> None:
    cora = make_account("cora", now=now)
    invoice = make_invoice(cora, now=now)
    named, coras = invoice.public_id, cora.id
    news = paid_page(cora, invoice, gateway=gateway, now=now)
    acts: list[Act] = [
        news,
        news,
        lambda: void_invoice(named, reason=WHY, actor=OLGA, now=now),
        lambda: replace_invoice(named, reason=WHY, seller=SELLER, actor=OLGA, now=now),
        credit(named, 500, now=now),
        lambda: standing.suspend(standing.lock_customer(coras), reason=WHY, actor=OLGA, now=now),
    ]
    at_once(app, acts)
    carry_out_refunds(gateway, now=now)
    check_books()


def test_money_goes_back_and_becomes_credit(app, gateway, now) -> None:
    cora = make_account("cora", now=now)
    payment = make_paid(cora, gateway=gateway, minor=1_000, now=now)
    named = session.query(Invoice).filter_by(id=payment.invoice_id).one().public_id
    acts: list[Act] = [
        *(refund(payment.public_id, minor, now=now) for minor in (700, 600, None)),
        *(credit(named, minor, now=now) for minor in (400, 900)),
    ]
    at_once(app, acts)
    given_back = sum(refund.amount_minor for refund in session.query(Refund))
    assert 0 < given_back + accounts.account(cora.id).credit_minor <= 1_000
    carry_out_refunds(gateway, now=now)
    check_books()


def test_tokens_are_given_back_and_taken(app, gateway, now) -> None:
    pia = make_account("pia", plan_id="plan-pro", now=now)
    make_usage(pia.id, prompt_tokens=1_000_000, completion_tokens=0)
    named, pias = buy_tokens(pia, minor=1_500, gateway=gateway, now=now).public_id, pia.id
    acts: list[Act] = [
        *(refund(named, minor, now=now) for minor in (None, 800)),
        *(
            lambda tokens=tokens: adjust_tokens(pias, tokens, reason=WHY, actor=OLGA, now=now)
            for tokens in (-60_000, 5_000, -40_000)
        ),
    ]
    at_once(app, acts)
    carry_out_refunds(gateway, now=now)
    check_books()


def test_a_plan_is_paid_and_taken_back_while_its_account_leaves(app, gateway, now) -> None:
    bea = make_account("bea", now=now)
    beas = bea.id
    checkout = begin_switch(bea, "plan-basic", gateway=gateway, now=now)
    page = payment_row(checkout.payment_id).provider_session
    gateway.pay(page)
    acts: list[Act] = [
        lambda: settle_payment(gateway.outcome_of_session(page), now=now),
        lambda: settle_payment(gateway.outcome_of_session(page), now=now),
        lambda: resume_subscription(accounts.account(beas), grace=GRACE, now=now),
        lambda: delete_account(
            accounts.account(beas), actor=f"customer:{beas}", details={}, grace=GRACE, now=now
        ),
    ]
    at_once(app, acts)
    carry_out_refunds(gateway, now=now)
    check_books()


def test_an_account_is_erased_and_kept_while_its_money_comes(app, gateway, now) -> None:
    beas = make_account("bea", plan_id="plan-pro", now=now).id
    later = now + deletion.WAITS
    bought = top_up(accounts.account(beas), amount_minor=1_500, shop=make_shop(gateway), now=now)
    page = payment_row(bought.checkout.payment_id).provider_session
    leaves = {"actor": f"customer:{beas}", "details": {}, "grace": GRACE}
    with transaction():
        delete_account(accounts.account(beas), **leaves, now=now)
    gateway.pay(page)
    acts: list[Act] = [
        lambda: settle_payment(gateway.outcome_of_session(page), now=later),
        lambda: erase_account(beas, grace=GRACE, now=later),
        lambda: keep_account(accounts.account(beas), **leaves, now=later),
        lambda: erase_account(beas, grace=GRACE, now=later),
    ]
    at_once(app, acts)
    carry_out_refunds(gateway, now=later)
    check_books()
