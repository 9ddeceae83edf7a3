"""A world in which messages are lost and repeated, answers fail to come, and processes die.

Two real gateways speak over HTTP to the stand-in of both providers; what goes wrong between them
and us is rolled with dice of a fixed seed. Time is a value that only moves when it is told to.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
import stripe
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from flask import Flask

from app.adapters import paypal_words, stripe_words
from app.adapters.stripe_gateway import StripeGateway
from app.config import Settings
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.gateway import NotOurs, OutcomeStatus, PaymentGateway, PaymentOutcome
from app.domain.payments.models import Payment
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation import clock
from app.foundation.database import db, session
from app.foundation.errors import DomainError
from app.foundation.periods import BillingMonth
from app.sandbox import knobs, letters
from app.sandbox.core import Sandbox
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from app.sandbox.storage import Storage
from tests.adapters.paypal import gateway_to
from tests.properties.our_processes import Letter

R = TypeVar("R")
JOBS = {scheduled.name: scheduled.work for scheduled in SCHEDULE}
SUBSCRIBED = {*stripe_words.EVENT_TYPES, *paypal_words.EVENT_TYPES}
CALLS = {
    "open_checkout",
    "outcome_of_session",
    "expire_checkout",
    "charge",
    "find_charge",
    "refund",
    "refunds_of_payment",
    "outcome_of_event",
    "events_since",
}
# More than any SDK of ours tries again.
EVERY_TRY = 9
# A process that is to die does so at one of its first commits or calls, before or after it.
STEPS_BEFORE_DEATH = 4


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


@dataclass(frozen=True)
class Faults:
    """How likely each thing goes wrong."""

    loses_event: float = 0.3
    repeats_event: float = 0.5
    loses_answer: float = 0.1
    kills: float = 0.26
    # A provider that takes one payment for another's: the key behind settling is all we have.
    crosses_answer: float = 0.3


NONE = Faults(0, 0, 0, 0, 0)


class World:
    """The app, both providers, the moment it is, and the dice."""

    def __init__(self, app: Flask, sandbox: Sandbox, *, seed: int, begin: datetime) -> None:
        self.app, self.sandbox, self.now = app, sandbox, begin
        self.dice, self.faults = random.Random(seed), Faults()
        self.gateways: dict[str, PaymentGateway] = {}
        self.under_way: list[str] = []
        self.counts = dict.fromkeys(
            ("processes", "killed", "events", "lost", "repeated", "calls", "unanswered", "crossed"),
            0,
        )
        self._seen, self._fate = 0, None
        self._client = app.test_client()

    # --- Time ---------------------------------------------------------------------------------

    def wait(self, how_long: timedelta) -> None:
        """Let time pass; pages that are over expire."""
        self.now += how_long
        with self.sandbox.work():
            pass

    def happens(self, likely: float) -> bool:
        """Roll the dice."""
        return self.dice.random() < likely

    # --- Our processes ------------------------------------------------------------------------

    def run(self, work: Callable[[], R]) -> R | None:
        """Do the work as a process of its own, which may be refused, fail, or be killed."""
        self.wait(timedelta(seconds=self.dice.randrange(1, 20)))
        doomed = self.happens(self.faults.kills)
        self._fate = self.dice.randrange(STEPS_BEFORE_DEATH) if doomed else None
        self.counts["processes"] += 1
        try:
            with self.app.app_context():
                return work()
        except Killed:
            self.counts["killed"] += 1
        except DomainError:
            pass
        finally:
            self._fate = None
        return None

    def do_job(self, name: str) -> None:
        """Do one of the jobs of the schedule."""
        self.run(JOBS[name])

    def may_die(self) -> None:
        """End the process here, if it is its time."""
        if self._fate == 0:
            self._fate = None
            raise Killed
        if self._fate is not None:
            self._fate -= 1

    # --- What passes between the providers and us ---------------------------------------------

    def call(self, ask: Callable[[], R]) -> R:
        """Call a provider; the answer may not come, and we may not live to hear it."""
        self.may_die()
        self.counts["calls"] += 1
        is_lost = self.happens(self.faults.loses_answer)
        self._turn(lost_answers=EVERY_TRY if is_lost else 0)
        try:
            answer = ask()
        finally:
            self._turn(lost_answers=0)
            self.counts["unanswered"] += is_lost
        self.may_die()
        if is_lost:
            # It was only a question: there was nothing that the stand-in had to cut off.
            raise ProviderUnreachable("The answer was lost.")
        return answer

    def crossed(self, outcome: PaymentOutcome | NotOurs) -> PaymentOutcome | NotOurs:
        """Return the outcome, or the same as if another's payment had paid it."""
        is_unpaid = isinstance(outcome, PaymentOutcome) and outcome.status is OutcomeStatus.OPEN
        if not is_unpaid or not self.happens(self.faults.crosses_answer):
            return outcome
        other = sa.select(Payment.provider_payment).where(
            Payment.provider == outcome.provider,
            Payment.status == "settled",
            Payment.public_id != outcome.payment_id,
        )
        with db.engine.connect() as connection:
            taken = connection.scalar(other.order_by(Payment.id).limit(1))
        if taken is None:
            return outcome
        self.counts["crossed"] += 1
        return replace(outcome, status=OutcomeStatus.PAID, provider_payment=taken)

    def post_events(self, most: int) -> None:
        """Let some of the events arrive that are under way, in any order, once or more."""
        self._take_up_events()
        for _ in range(min(most, len(self.under_way))):
            event_id = self.under_way.pop(self.dice.randrange(len(self.under_way)))
            # Who gets no answer sends it again.
            if self.run(lambda event_id=event_id: self._post(event_id)) != 200:
                self.under_way.append(event_id)

    def letters(self) -> list[Letter]:
        """Return the webhooks of everything since it was last asked, oldest first."""
        return [
            self._letter(event_id)
            for event_id, event_type in self._new_events()
            if event_type in SUBSCRIBED
        ]

    def post_everything(self) -> None:
        """Let every webhook there ever was arrive once more."""
        self._seen = 0
        for event_id, event_type in self._new_events():
            if event_type in SUBSCRIBED:
                self.run(lambda event_id=event_id: self._post(event_id))

    def _take_up_events(self) -> None:
        for event_id, event_type in self._new_events():
            if event_type not in SUBSCRIBED:
                continue
            self.counts["events"] += 1
            if self.happens(self.faults.loses_event):
                self.counts["lost"] += 1
                continue
            is_repeated = self.happens(self.faults.repeats_event)
            self.counts["repeated"] += is_repeated
            self.under_way += [event_id] * (1 + is_repeated)

    def _new_events(self) -> list[tuple[str, str]]:
        with self.sandbox.storage.transaction() as connection:
            rows = connection.execute(
                "SELECT sequence, id, coalesce(json_extract(body, '$.event_type'),"
                " json_extract(body, '$.type')) FROM objects"
                " WHERE kind IN ('event', 'paypal.event') AND sequence > ? ORDER BY sequence",
                (self._seen,),
            ).fetchall()
        self._seen = rows[-1][0] if rows else self._seen
        return [(event_id, event_type) for _, event_id, event_type in rows]

    def _post(self, event_id: str) -> int:
        letter = self._letter(event_id)
        answer = self._client.post(
            f"/webhooks/{letter.provider}", data=letter.body, headers=dict(letter.headers)
        )
        return answer.status_code

    def _letter(self, event_id: str) -> Letter:
        with self.sandbox.work() as work:
            event = work.of_any_kind(event_id)
        letter = letters.letter(self.sandbox, event)
        provider = "paypal" if "event_type" in event else "stripe"
        return Letter(provider, letter.headers, letter.body)

    def _turn(self, **turned: object) -> None:
        with self.sandbox.storage.transaction() as connection:
            knobs.turn(connection, turned)


class UnreliableGateway:
    """A real gateway, all calls of which go through the world."""

    def __init__(self, gateway: PaymentGateway, world: World) -> None:
        self._gateway, self._world = gateway, world

    def __getattr__(self, name: str) -> object:
        """Return what the gateway has; a call of the provider becomes unreliable."""
        found = getattr(self._gateway, name)
        if name not in CALLS:
            return found

        def call(*arguments: object, **named: object) -> object:
            answer = self._world.call(lambda: found(*arguments, **named))
            return self._world.crossed(answer) if name == "outcome_of_session" else answer

        return call


@contextmanager
def unreliable_world(
    app: Flask, settings: Settings, folder: Path, patch: pytest.MonkeyPatch, *, seed: int
) -> Iterator[World]:
    """Give a world with both providers, whose clock is its own."""
    (secret,) = settings.stripe_webhook_secrets
    file = folder / "providers.sqlite3"
    # Stripe's library reads the machine's clock where it looks for signatures that are too old;
    # the certificates of PayPal's stand-in are good for a year from the machine's now.
    coming = BillingMonth.of(clock.now()).plus(1).period.starts_at
    begin = coming + timedelta(days=9, hours=9)
    served = SandboxSettings(database=file, port=0, webhook_secret=secret)
    sandbox = Sandbox(served, Storage(file))
    world = World(app, sandbox, seed=seed, begin=begin)
    sandbox.clock = lambda: world.now.timestamp()  # noqa: PLW0108  # its moment changes
    with running(served, clock=sandbox.clock) as url:
        sandbox.address = url
        real = (
            StripeGateway(api_key="sk_test_chaos", api_base=url, webhook_secrets=(secret,)),
            gateway_to(url, tell_time=lambda: world.now),
        )
        world.gateways = {each.provider: UnreliableGateway(each, world) for each in real}
        app.config[GATEWAYS] = world.gateways
        commit = session.commit

        def unreliable_commit() -> None:
            world.may_die()
            commit()
            world.may_die()

        patch.setattr(session, "commit", unreliable_commit)
        patch.setattr(clock, "now", lambda: world.now)
        # Nobody learns anything from the pauses between the tries.
        patch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
        yield world
    sandbox.storage.close()


@contextmanager
def changing_payments() -> Iterator[BatchOperations]:
    """Change the table of the attempts, as a migration does."""
    with db.engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("payments") as payments:
            yield payments
