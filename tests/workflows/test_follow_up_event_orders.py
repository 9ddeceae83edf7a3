"""One payment's life at each provider, told in every order: it always ends the same."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices import credit_notes
from app.domain.payments import inbox
from app.domain.payments.gateway import DisputeStatus, EventNotice
from app.domain.payments.models import Dispute, ProviderEvent, Refund
from app.domain.payments.operations import lock_invoice, lock_payment
from app.entrypoints.gateways import GATEWAYS, gateways
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock
from app.foundation.database import end_reading, session, transaction
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from app.workflows.follow_up_event import follow_up_event
from app.workflows.verify_books import verify_books
from tests.adapters.payment_worlds import PayPalWorld, SandboxWorld
from tests.books import check_books
from tests.factories.payments import make_checkout, make_invoice, payment_row
from tests.halves import on_one_of_both

# What a life's events are about: the payment, a refund made at the provider, and the dispute.
KINDS = ("paid", "refunded", "disputed", "decided")
KIND_OF = {
    "checkout.session.completed": "paid",
    "payment_intent.succeeded": "paid",
    "charge.refunded": "refunded",
    "refund.created": "refunded",
    "refund.updated": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.funds_withdrawn": "disputed",
    "charge.dispute.closed": "decided",
    "charge.dispute.funds_reinstated": "decided",
    "CHECKOUT.ORDER.APPROVED": "paid",
    "CHECKOUT.ORDER.COMPLETED": "paid",
    "PAYMENT.CAPTURE.COMPLETED": "paid",
    "PAYMENT.CAPTURE.REFUNDED": "refunded",
    "CUSTOMER.DISPUTE.CREATED": "disputed",
    "CUSTOMER.DISPUTE.RESOLVED": "decided",
    # The same money as the dispute's, told of as if it were refunded.
    "PAYMENT.CAPTURE.REVERSED": "decided",
}
SEEDS = range(3)
PROVIDERS = ("stripe", "paypal")
DECISIONS = (DisputeStatus.LOST, DisputeStatus.WON)
PAID, REFUNDED = 1_234, 234
# Stripe's stand-in contests all that is left; PayPal's a part of it, which shows money that is
# taken twice.
CONTESTED = {"stripe": 1_000, "paypal": 500}


class Past:
    """The providers' clock: a while ago, and further at each step of a life."""

    def __init__(self) -> None:
        self.behind = timedelta(hours=2)

    def __call__(self) -> float:
        return (clock.now() - self.behind).timestamp()

    def go_on(self) -> None:
        self.behind -= timedelta(seconds=1)


@pytest.fixture
def past() -> Past:
    return Past()


@pytest.fixture
def url(tmp_path: Path, past: Past) -> Iterator[str]:
    database = tmp_path / "sandbox.sqlite3"
    with running(SandboxSettings(database=database, port=0), clock=past) as url:
        yield url


@dataclass
class Life:
    """A payment of 12.34: made, given back in part, contested, and decided."""

    world: SandboxWorld | PayPalWorld
    account: Account
    past: Past
    payment_id: str = ""
    invoice_id: str = ""
    taken: str = ""

    def begin(self) -> None:
        invoice = make_invoice(self.account, minor=PAID, now=clock.now())
        gateway = self.world.gateway
        checkout = make_checkout(self.account, invoice, gateway=gateway, now=clock.now())
        self.payment_id, self.invoice_id = checkout.payment_id, invoice.public_id
        end_reading()

    def pay(self) -> None:
        page = payment_row(self.payment_id).provider_session
        end_reading()
        self.world.pay(page)
        # PayPal's money is taken by whoever asks first; here nobody of ours has.
        self.taken = self.world.gateway.outcome_of_session(page).provider_payment

    def give_back(self) -> None:
        self.past.go_on()
        self.world.give_back(self.taken, REFUNDED)

    def contest(self) -> None:
        # What was given back in the same second would be taken for a part of the dispute.
        self.past.go_on()
        if isinstance(self.world, PayPalWorld):
            self.world.contest(self.taken, str(CONTESTED["paypal"]))
        else:
            self.world.contest(self.taken)

    def decide(self, decision: DisputeStatus) -> None:
        self.world.decide(self.taken, decision)

    def events(self) -> list[EventNotice]:
        """Return what the provider has told of so far, the oldest first."""
        return [notice for notice in self.world.news() if notice.event_type in KIND_OF]

    def end(self) -> tuple[object, ...]:
        """Return everything that the life has come to here."""
        session.rollback()
        with transaction():
            payment = lock_payment(self.payment_id)
            invoice = lock_invoice(payment)
            credited = sum(n.amount_minor + n.tax_minor for n in credit_notes.notes_of(invoice))
            disputes = session.query(Dispute).filter_by(payment_id=payment.id)
            refunds = session.query(Refund).filter_by(payment_id=payment.id)
            return (
                (payment.status, payment.refunded_minor),
                (invoice.status, credited),
                [(each.status, each.amount_minor) for each in disputes],
                [(each.status, each.amount_minor) for each in refunds],
            )


@pytest.fixture
def life(app: Flask, ada: Account, url: str, past: Past, request: pytest.FixtureRequest) -> Life:
    """A life that is about to begin, at the provider that is named."""
    worlds = {"stripe": SandboxWorld, "paypal": PayPalWorld}
    world = worlds[request.getfixturevalue("provider")](url)
    world.began = clock.now() - timedelta(hours=3)
    app.config[GATEWAYS] = {world.gateway.provider: world.gateway}
    life = Life(world, ada, past)
    life.begin()
    return life


def tell(notices: Sequence[EventNotice]) -> None:
    """Let the events arrive one by one, and do what each leads to."""
    for notice in notices:
        with transaction():
            inbox.receive(notice, now=clock.now())
        work_off_outbox()


def tell_again(notices: Sequence[EventNotice]) -> None:
    """Let what was done with the events be done once more."""
    for notice in notices:
        with transaction():
            inbox.replay(notice.provider, notice.event_id, actor="operator:olga", now=clock.now())
        work_off_outbox()


def wait() -> None:
    """Let everything be tried again that waited for something else."""
    for event_id in [row.id for row in session.query(ProviderEvent).filter_by(status="waiting")]:
        end_reading()
        follow_up_event(event_id, gateways=gateways(), now=clock.now())
    work_off_outbox()


def expected(provider: str, decision: DisputeStatus) -> tuple[object, ...]:
    lost = CONTESTED[provider] if decision is DisputeStatus.LOST else 0
    is_all_gone = REFUNDED + lost == PAID
    return (
        ("settled", REFUNDED),
        ("refunded" if is_all_gone else "paid", REFUNDED + lost),
        [(decision, CONTESTED[provider])],
        [("settled", REFUNDED)],
    )


def check(life: Life, provider: str, decision: DisputeStatus) -> None:
    wait()
    assert life.end() == expected(provider, decision)
    assert {event.status for event in session.query(ProviderEvent)} == {"processed"}
    end_reading()
    assert verify_books() == []
    check_books()


@pytest.mark.parametrize("provider", PROVIDERS)
class TestOneLife:
    # What comes first is the same question to every database.
    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("order", list(permutations(KINDS)), ids="-".join)
    def test_ends_alike_in_whatever_order_it_is_told(
        self, life: Life, provider: str, order: tuple[str, ...]
    ) -> None:
        decision = DisputeStatus.LOST
        life.pay()
        life.give_back()
        life.contest()
        life.decide(decision)
        told = sorted(life.events(), key=lambda notice: order.index(KIND_OF[notice.event_type]))
        assert {KIND_OF[notice.event_type] for notice in told} == {*KINDS}
        tell(told)
        tell_again(told[::-1])
        check(life, provider, decision)

    @on_one_of_both
    @pytest.mark.parametrize("decision", DECISIONS)
    @pytest.mark.parametrize("seed", SEEDS)
    def test_ends_alike_told_while_it_is_lived(
        self, life: Life, provider: str, decision: DisputeStatus, seed: int
    ) -> None:
        dice, told = random.Random(seed), []
        for step in (life.pay, life.give_back, life.contest, lambda: life.decide(decision)):
            step()
            waiting = [notice for notice in life.events() if notice not in told]
            some = dice.sample(waiting, dice.randrange(len(waiting) + 1))
            tell(some)
            told += some
            tell_again(dice.sample(told, len(told) // 2))
        rest = [notice for notice in life.events() if notice not in told]
        dice.shuffle(rest)
        tell(rest)
        check(life, provider, decision)
