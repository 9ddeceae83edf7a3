"""Payments in a world that goes wrong: in the end the providers' books and ours are the same.

Sixty purchases over both providers, two hundred in `make soak`. Events are lost, repeated
and shuffled, answers do not come, our processes are killed at a commit or a call, and a provider
now and then takes one payment for another's. Then everything goes right again, the jobs run, and
nothing may be left over.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from app.config import Settings
from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments import operations as payment_operations
from app.domain.payments import rules
from app.domain.payments.consent import Consent
from app.domain.payments.gateway import OutcomeStatus, SavedCard
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import PaymentStatus
from app.entrypoints.selling import shop
from app.foundation.database import Base, db, end_reading, session, transaction
from app.sandbox.paypal import captures
from app.sandbox.paypal.work import CAPTURE
from app.workflows.begin_checkout import Checkout, begin_checkout
from app.workflows.request_refund import request_refund
from app.workflows.switch_plan import switch_plan
from app.workflows.top_up import top_up
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.coming_back import back_from_page
from tests.factories.payments import BASE_URL, make_invoice, payment_row
from tests.halves import on_one_of_both
from tests.proofs.sizes import sized
from tests.properties.desks import contest, decide, give_back
from tests.properties.two_books import differences, left_over
from tests.properties.unreliable_world import (
    JOBS,
    NONE,
    World,
    changing_payments,
    unreliable_world,
)
from tests.sandbox.shopping import GOOD_CARD, client_of, typed

SEED = 2_026
PAYMENTS, FEW_PAYMENTS = sized(60, long=200), 25
AT_ONCE = 25
DECLINED_CARD = "4000000000000002"
PROVIDERS = ("stripe", "paypal")
# What is bought, and what becomes of it; the more often it stands here, the more often it is so.
BOUGHT = ("invoice", "invoice", "invoice", "tokens", "tokens", "plan", "card", "card")
ENDS = (
    *("pays", "pays", "pays", "pays twice", "pays twice", "declined first", "closes the page"),
    *("refunded by us", "refunded by us", "refunded there", "refunded by both", "disputed"),
)
TRIES = 6
PAYMENT_JOBS = ("outbox", "outbox", "silent_attempts", "silent_refunds", "charges", "closed_pages")
# Minutes at first, for what is asked again soon; then days, for cards that are tried on later ones.
PAUSES = (
    *[timedelta(minutes=11)] * 4,
    timedelta(hours=6),
    *[timedelta(days=1)] * 6,
)
KEY = "uq_payments_provider_provider_payment"


@pytest.fixture
def world(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with unreliable_world(app, settings, tmp_path, monkeypatch, seed=SEED) as world:
        yield world


class Customer:
    """Somebody who buys one thing, as far as the world lets him."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.id = world, f"customer-{number}"
        self.buys, self.ends = world.dice.choice(BOUGHT), world.dice.choice(ENDS)
        self.provider = world.dice.choice(PROVIDERS)
        if self.buys == "card":
            self.provider = "stripe"
        plan = "plan-basic" if self.buys == "tokens" else "plan-payg"
        account = make_account(self.id, now=world.now, plan_id=plan)
        self.reference, self.dispute = "", ""
        if self.buys in ("invoice", "card"):
            minor = world.dice.randrange(500, 20_000)
            self.reference = make_invoice(account, minor=minor, now=world.now).public_id
        if self.buys == "card":
            self._save_card(account)
        end_reading()

    def live(self) -> Iterator[None]:
        """Buy, and do with it what is to be done, one step at a time."""
        if self.buys != "card":
            yield from self._buy()
        if self.ends == "disputed":
            yield from self._acted(self._contest)
            yield
            yield from self._acted(self._decide)
        if self.ends in ("refunded by us", "refunded by both"):
            yield from self._acted(self._ask_for_refund)
        if self.ends in ("refunded there", "refunded by both"):
            yield from self._acted(self._refund_there)

    # --- Buying ---------------------------------------------------------------------------------

    def _buy(self) -> Iterator[None]:
        checkout = yield from self._begun(self.provider)
        if checkout is None or self.ends == "closes the page":
            return
        if self.ends == "declined first":
            self._pay(self.provider, checkout, is_good=False)
            yield
            self._come_back(checkout)
            yield
            checkout = (yield from self._begun(self.provider)) or checkout
        if self.ends == "pays twice" and self.buys != "tokens":
            (other,) = {*PROVIDERS} - {self.provider}
            second = yield from self._begun(other)
            if second is not None:
                self._pay(other, second)
                yield
        self._pay(self.provider, checkout)
        yield
        if self.world.happens(0.5):
            self._come_back(checkout)

    def _begun(self, provider: str) -> Iterator[None]:
        """Come to the provider's page, with as many clicks as it takes and some more."""
        for _ in range(TRIES):
            found = self.world.run(lambda: self._begin(provider))
            if found is not None and self.buys != "tokens" and self.world.happens(0.5):
                again = self.world.run(lambda: self._begin(provider))
                assert again in (None, found) or self._is_over(found), "one page for two clicks"
            if found is not None:
                return found
            yield
        return None

    def _begin(self, provider: str) -> Checkout | None:
        account, now = accounts.account(self.id), self.world.now
        if self.buys == "plan":
            return switch_plan(
                account, "plan-basic", shop=shop(provider, account, look=None), now=now
            )
        if self.buys == "tokens":
            return top_up(
                account, amount_minor=700, shop=shop(provider, account, look=None), now=now
            ).checkout
        asked = self.world.gateways
        return begin_checkout(
            account,
            self.reference,
            gateway=asked[provider],
            asked=asked,
            base_url=BASE_URL,
            now=now,
        )

    def _is_over(self, checkout: Checkout) -> bool:
        ends_at = payment_row(checkout.payment_id).expires_at
        end_reading()
        return ends_at <= self.world.now

    def _pay(self, provider: str, checkout: Checkout, *, is_good: bool = True) -> None:
        """Say yes on the provider's page; if it has closed meanwhile, nothing happens."""
        card = typed(GOOD_CARD if is_good else DECLINED_CARD)
        choice = "pending" if self.world.happens(0.2) else "approve"
        said = card if provider == "stripe" else {"choice": choice if is_good else "decline"}
        answer = requests.post(checkout.checkout_url, data=said, allow_redirects=False, timeout=10)
        assert answer.status_code in (303, 402, 410), answer.text

    def _come_back(self, checkout: Checkout) -> None:
        def come_back() -> None:
            back_from_page(
                checkout.payment_id,
                accounts.account(self.id),
                gateways=self.world.gateways,
                now=self.world.now,
            )

        self.world.run(come_back)

    # --- Money that goes back -------------------------------------------------------------------

    def _acted(self, act: Callable[[], bool]) -> Iterator[None]:
        """Do it as soon as it can be done, or never."""
        for _ in range(TRIES):
            if self.world.run(act):
                return
            yield

    def _ask_for_refund(self) -> bool:
        minor = 123 if self.ends == "refunded by both" else None
        with transaction():
            payment = session.scalars(
                sa.select(Payment).filter_by(user_id=self.id, status="settled").limit(1)
            ).one_or_none()
            if payment is None:
                return False
            request_refund(
                payment.public_id,
                amount_minor=minor,
                reason="Bought by mistake",
                actor="operator:olga",
                now=self.world.now,
            )
        return True

    def _refund_there(self) -> bool:
        return give_back(self.world, self._payment_ids())

    def _contest(self) -> bool:
        self.dispute = contest(self.world, self._payment_ids())
        return bool(self.dispute)

    def _decide(self) -> bool:
        return decide(self.world, self.dispute)

    def _payment_ids(self) -> set[str]:
        found = set(session.scalars(sa.select(Payment.public_id).filter_by(user_id=self.id)))
        end_reading()
        return found

    def _save_card(self, account: Account) -> None:
        declines = self.ends == "declined first"
        token = "pm_card_chargeCustomerFail" if declines else "pm_card_visa"
        provider = client_of(self.world.sandbox.address)
        customer = provider.v1.customers.create(params={}).id
        method = provider.v1.payment_methods.attach(token, params={"customer": customer})
        card = SavedCard(customer, method.id, "visa", "4242", "2034-12")
        with transaction():
            consent = Consent("2026-11", self.world.now)
            payment_operations.keep_card(
                account.id, card, provider="stripe", consent=consent, now=self.world.now
            )
            accounts.settings_of(account).auto_pay = True


# --- Chaos, and the calm after it ---------------------------------------------------------------


def live_through(world: World, payments_count: int) -> None:
    """Let so many customers buy beside each other, while everything goes wrong."""
    numbers, lives = count(1), []
    while True:
        while len(lives) < AT_ONCE and (number := next(numbers)) <= payments_count:
            lives.append(Customer(world, number).live())
        if not lives:
            break
        life = world.dice.choice(lives)
        if next(life, life) is life:
            lives.remove(life)
        go_on(world)
    world.post_events(len(world.under_way))


def go_on(world: World) -> None:
    """Let happen what happens meanwhile."""
    if world.happens(0.5):
        world.post_events(3)
    if world.happens(0.3):
        world.do_job(world.dice.choice(PAYMENT_JOBS))
    if world.happens(0.02):
        world.wait(timedelta(minutes=world.dice.randrange(70)))
    if world.happens(0.002):
        world.do_job("missed_events")


def come_to_rest(world: World) -> None:
    """Let everything go right, and do all jobs with the time moving on, until nothing changes."""
    world.faults = NONE
    for pause in PAUSES:
        world.wait(pause)
        decide_pending(world)
        do_all_jobs(world)
    before = sizes()
    world.wait(PAUSES[0])
    do_all_jobs(world)
    assert sizes() == before, f"seed {SEED}: the jobs go on changing something"


def decide_pending(world: World) -> None:
    """Let the money arrive that is on its way to PayPal."""
    with world.sandbox.paypal_work() as work:
        for capture in list(work.newest(CAPTURE)):
            captures.decide(work, capture["id"], is_good=True)


def do_all_jobs(world: World) -> None:
    for name in (*JOBS, "outbox"):
        world.do_job(name)
    end_reading()


def sizes() -> dict[str, int]:
    """Return how many rows each table has, and how many attempts stand where."""
    notes = {"journal_entries", "outbox_entries"}
    counts = {
        table.name: session.scalar(sa.select(sa.func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
        if table.name not in notes
    }
    for rows in (Payment, Refund, Invoice):
        by_status = sa.select(rows.status, sa.func.count()).group_by(rows.status)
        for status, number in session.execute(by_status):
            counts[f"{rows.__tablename__} {status}"] = number
    end_reading()
    return counts


def it_was_chaos(counts: dict[str, int]) -> None:
    """Hold the dice to what they were to do, give or take what luck does."""
    assert 0.2 < counts["lost"] / counts["events"] < 0.4, counts
    assert 0.4 < counts["repeated"] / (counts["events"] - counts["lost"]) < 0.65, counts
    assert 0.15 < counts["killed"] / counts["processes"] < 0.35, counts
    assert 0.06 < counts["unanswered"] / counts["calls"] < 0.15, counts
    assert counts["crossed"] > 0, counts


def test_the_books_agree_after_chaos(world: World) -> None:
    live_through(world, PAYMENTS)
    it_was_chaos(world.counts)
    come_to_rest(world)
    told = f"seed {SEED}, {world.counts}"
    assert list(left_over()) == [], told
    assert list(differences(world)) == [], told
    assert verify_books() == [], told
    check_books()


def found_without(world: World) -> list[str]:
    """Return what is wrong after some chaos in a world that has lost one of its guards."""
    world.faults = replace(world.faults, crosses_answer=1)
    # Other keys trip over what the missing guard has let in: what was found before that counts.
    with suppress(sa.exc.IntegrityError):
        live_through(world, FEW_PAYMENTS)
        come_to_rest(world)
    session.rollback()
    return list(differences(world))


@on_one_of_both
class TestWithout:
    """Each guard behind settling is needed: without it the same chaos finds what it guards."""

    @pytest.fixture
    def keyless(self, app: Flask, request: pytest.FixtureRequest) -> Iterator[None]:
        """Take the key away that a provider's payment has one effect by."""
        with changing_payments() as payments:
            payments.drop_constraint(KEY, type_="unique")
        yield
        session.rollback()
        if db.engine.dialect.name == "postgresql":
            # Others use this database after us.
            request.getfixturevalue("postgresql_database").clean()
            with changing_payments() as payments:
                payments.create_unique_constraint(KEY, ["provider", "provider_payment"])

    def test_the_unique_key(self, keyless: None, world: World) -> None:
        found = found_without(world)
        assert [line for line in found if line.startswith("settled twice: (")], world.counts

    def test_the_state_table(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        settled = rules.TRANSITIONS[PaymentStatus.SETTLED]
        again = {**settled, OutcomeStatus.PAID: PaymentStatus.SETTLED}
        table = {**rules.TRANSITIONS, PaymentStatus.SETTLED: again}
        monkeypatch.setattr(rules, "TRANSITIONS", table)
        found = found_without(world)
        assert [line for line in found if line.startswith("settled twice: pay-")], world.counts
