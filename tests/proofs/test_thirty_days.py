"""Thirty days in fast-forward: the books verify at the end, and no process has grown.

A real web server and the worker's jobs run on a clock that hurries through two ends of a month.
Gateways post and post again, void, ask; customers look at all their pages, move to other zones,
take their files away; plans renew, are not paid and end.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.config import Settings
from app.domain.usage.models import BillingRecord, MonthClose
from app.entrypoints.counting import FOLDER
from app.foundation.database import end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.factories.accounts import AGE, make_account, make_key
from tests.halves import on_one_of_both
from tests.proofs.browsing import Browser, ask
from tests.proofs.gateway_client import GatewayClient, Unanswered
from tests.proofs.hurried import BEGINS, SPEED, STARTER
from tests.proofs.programs import Program, WebServer, Worker, resident_mib, running
from tests.proofs.sizes import sized

# Two ends of a month lie within.
BEGIN = datetime(2027, 1, 30, 12, tzinfo=UTC)
DAYS = timedelta(days=30)
SECONDS = sized(12, long=60 * int(os.environ.get("SOAK_MINUTES", "30")))
GATEWAYS, PROGRAMS, BROWSERS = 3, 2, 1
BATCH_MAX = 60
# What a process may hold at all, and what it may have gained since it was warm.
RESIDENT_MIB_MAX, GAINED_MIB_MAX = 250, sized(40, long=20)
WARM_AFTER, LAST_PART = 0.3, 0.8
MODEL, PASSWORD = "gpt-4o-mini", "correct horse battery staple"
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
PAYG, PLANNED = ("ada", "ben", "cleo"), ("pia", "paul")
JOB_FAILED = "has failed"
HURRIED = (sys.executable, "-P", "-m", "tests.proofs.hurried")


@dataclass
class Month:
    """Thirty days of traffic: who acts, until when, and what was taken."""

    address: str
    gateway_key: str
    keys: dict[str, str]
    ends_at: float
    taken: list[str] = field(default_factory=list)

    def is_on(self) -> bool:
        """Tell whether it goes on."""
        return time.monotonic() < self.ends_at

    def gateway(self, number: int) -> None:
        """Post, post again, void, and ask whether somebody may go on."""
        dice, numbers = random.Random(number), count()
        with GatewayClient(self.address, self.gateway_key) as client:
            while self.is_on():
                batch = self._batch(dice, f"month-{number}-{next(numbers)}")
                statuses = self._post(client, batch)
                assert set(statuses) == {"accepted"}, statuses
                self.taken += [str(record["request_id"]) for record in batch]
                if dice.random() < 0.2:
                    assert set(self._post(client, batch)) == {"duplicate"}
                if dice.random() < 0.1:
                    wanted = {"request_id": batch[0]["request_id"], "reason": "a proof"}
                    client.call("POST", "/v1/billing/usage/void", wanted)
                client.call("GET", f"/v1/billing/entitlements/{batch[0]['user_id']}")

    def _batch(self, dice: random.Random, name: str) -> list[dict[str, object]]:
        return [
            {
                "user_id": dice.choice((*PAYG, *PLANNED)),
                "request_id": f"{name}-{index}",
                "model": MODEL,
                "prompt_tokens": dice.randrange(4_000),
                "completion_tokens": dice.randrange(900),
                "api_key_alias": dice.choice(("prod", "test")),
            }
            for index in range(dice.choice((1, dice.randrange(2, BATCH_MAX))))
        ]

    def _post(self, client: GatewayClient, batch: list[dict[str, object]]) -> list[str]:
        while True:
            # Where an account is held too long, it is tried again: a repeat costs nothing.
            with suppress(Unanswered):
                return client.post(batch)

    def program(self, number: int) -> None:
        """Ask what customers' programs ask, and move to another zone now and then."""
        dice = random.Random(number)
        with ExitStack() as lines:
            programs = [
                lines.enter_context(GatewayClient(self.address, key)) for key in self.keys.values()
            ]
            while self.is_on():
                with suppress(Unanswered):
                    ask(dice.choice(programs), dice)
                if dice.random() < 0.01:
                    zone = {"timezone": dice.choice(ZONES)}
                    dice.choice(programs).call("PUT", "/v1/billing/settings", zone)

    def browser(self, number: int) -> None:
        """Look at pages."""
        dice = random.Random(number)
        with Browser(self.address, "ada@example.com", PASSWORD) as browser:
            while self.is_on():
                browser.look(dice)


def people() -> dict[str, str]:
    """Make the customers, of whom one has a browser; return the keys of their programs."""
    with transaction():
        sign_up("ada@example.com", user_id="ada", password=PASSWORD, now=BEGIN)
    for name in PAYG[1:]:
        make_account(name, now=BEGIN)
    for name in PLANNED:
        make_account(name, now=BEGIN + AGE, plan_id="plan-basic")
    return {
        name: make_key(KeyKind.CUSTOMER, user_id=name, now=BEGIN).text for name in (*PAYG, *PLANNED)
    }


def memory_of(programs: Mapping[str, Program], month: Month) -> dict[str, list[float]]:
    """Return how much the largest process of each program held, from the start to the end."""
    held: dict[str, list[float]] = {name: [] for name in programs}
    while month.is_on():
        for name, program in programs.items():
            held[name].append(max(resident_mib(pid) for pid in program.processes()))
        time.sleep(SECONDS / 200)
    return held


def live_through(programs: Mapping[str, Program], month: Month) -> dict[str, list[float]]:
    """Let everybody act at once, and return what our programs held meanwhile."""
    acts: list[Callable[[int], None]] = [
        *[month.gateway] * GATEWAYS,
        *[month.program] * PROGRAMS,
        *[month.browser] * BROWSERS,
    ]
    with ThreadPoolExecutor(len(acts)) as pool:
        actors = [pool.submit(act, number) for number, act in enumerate(acts)]
        held = memory_of(programs, month)
    for actor in actors:
        actor.result()
    return held


def check_memory(held: Mapping[str, list[float]]) -> None:
    """Hold what each program's processes held to its bounds, and tell it."""
    for name, each in held.items():
        warm = statistics.median(each[int(len(each) * WARM_AFTER) : int(len(each) * LAST_PART)])
        last = statistics.median(each[int(len(each) * LAST_PART) :])
        told = f"{each[0]:.0f} MiB at first, {warm:.0f} when warm, {last:.0f} at the end"
        sys.stdout.write(f"{name}: {told}\n")
        assert last <= RESIDENT_MIB_MAX and last - warm <= GAINED_MIB_MAX, f"{name}: {told}"


def closed_months() -> set[str]:
    rows = session.scalars(sa.select(MonthClose.billing_month).where(MonthClose.user_id.is_(None)))
    return set(rows)


@on_one_of_both
@pytest.mark.usefixtures("app")
def test_the_books_verify_and_nothing_has_grown(settings: Settings, tmp_path: Path) -> None:
    keys, gateway_key = people(), make_key(KeyKind.GATEWAY, now=BEGIN).text
    hurry = {
        BEGINS: BEGIN.isoformat(),
        STARTER: str(tmp_path / "started"),
        SPEED: str(DAYS.total_seconds() / SECONDS),
        FOLDER: str(tmp_path / "metrics"),
    }
    (tmp_path / "metrics").mkdir()
    web = WebServer(settings, tmp_path, command=HURRIED, **hurry)
    worker = Worker(settings, tmp_path, command=HURRIED, **hurry)
    with running(web, worker):
        (tmp_path / "started").touch()
        month = Month(web.address, gateway_key, keys, time.monotonic() + SECONDS)
        held = live_through({"a web process": web, "the worker": worker}, month)
    assert JOB_FAILED not in worker.printed, worker.printed
    assert len(month.taken) == len(set(month.taken)) == session.query(BillingRecord).count()
    assert closed_months() >= {"2027-01", "2027-02"}
    end_reading()
    sys.stdout.write(f"\nThirty days in {SECONDS} s, {len(month.taken):,} records\n")
    check_memory(held)
    assert verify_books() == []
    check_books()
