"""A customer whose program calls the API, beside his plain life in integers."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from flask.testing import FlaskClient

from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation.database import end_reading, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from tests.factories.payments import SELLER
from tests.fakes.payment_gateway import SIGNATURE, FakeGateway
from tests.properties.ledger_of_a_life import Life

Answer = tuple[int, dict]
BEGIN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODEL = "plain"
ESTIMATED = ("cost", "final_cost", "quota_tokens", "extra_tokens", "overage_tokens")
# What the worker does about purchases and periods; months are closed one by one.
JOBS = [job for job in SCHEDULE if job.name in ("closed_pages", "renewals")]
_numbers = count(1)


@dataclass
class World:
    """One client for all programs, one provider, one clock."""

    client: FlaskClient
    gateway: FakeGateway
    gateway_headers: Mapping[str, str]
    operator_headers: Mapping[str, str]
    now: datetime = BEGIN

    def call(
        self, headers: Mapping[str, str], method: str, path: str, body: object = None
    ) -> Answer:
        """Call the API; what was promised is done at once."""
        url = f"/v1/billing{path}"
        answer = self.client.open(url, method=method, json=body, headers=dict(headers))
        assert answer.status_code < 500, answer.text
        if method != "GET":
            keep_promises()
        return answer.status_code, json.loads(answer.text, parse_float=Decimal)

    def tell_of(self, page: str) -> None:
        """Let the customer pay on a page that is open; the webhook tells of it, twice."""
        notice = self.gateway.pay(page)
        for _ in range(2):
            headers = {"Signature": SIGNATURE, "Content-Type": "application/json"}
            answer = self.client.post("/webhooks/stripe", data=notice.body, headers=headers)
            assert answer.status_code == 200
            keep_promises()

    def coupon(self, kind: str, value: int) -> str:
        """Let the operator make a coupon, and return its code."""
        code = f"PROOF{next(_numbers)}"
        wanted = {
            "code": code,
            "type": kind,
            "value": value if kind == "free_tokens" else value / 100,
            "max_uses": 1,
            "expires_at": (BEGIN + timedelta(days=4_000)).isoformat(),
        }
        status, answered = self.call(self.operator_headers, "POST", "/operator/coupons", wanted)
        assert status == 201, answered
        return code


@dataclass
class Customer:
    """Somebody in the app, and what his life should be."""

    world: World
    name: str
    headers: Mapping[str, str]
    life: Life = field(default_factory=lambda: Life(BEGIN))
    # Every request that was ever taken, in order: its record, and what was answered.
    posted: list[dict] = field(default_factory=list)
    # Tokens and nanos of what is not voided: by request.
    used: dict[str, tuple[int, int, str, datetime]] = field(default_factory=dict)
    page: str | None = None
    overpaid: int = 0

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """Call the API with the customer's own key."""
        return self.world.call(self.headers, method, path, body)

    # --- Time -----------------------------------------------------------------------------------

    def roll(self) -> None:
        """Let his plain life come up to now."""
        self.life.roll(self.world.now)
        self.life.renew(self.world.now)
        self.life.lapse_if_late(self.world.now)

    # --- Usage ----------------------------------------------------------------------------------

    def new_record(self, tokens: int) -> dict:
        """Return a request that nobody has reported yet."""
        return {
            "user_id": self.name,
            "request_id": f"{self.name}-{len(self.posted)}",
            "model": MODEL,
            "prompt_tokens": tokens,
            "completion_tokens": 0,
        }

    def use(self, record: dict) -> dict:
        """Use it in the plain life; return what the answer must say."""
        now, request_id = self.world.now, record["request_id"]
        tokens = record["prompt_tokens"]
        self.life.use(request_id, tokens, now)
        self.posted.append(record)
        known = self.life.requests[request_id]
        self.used[request_id] = (tokens, known["final"], known["month"], known["period"])
        return result_of(self.life, record, "accepted")

    def foreseen(self, tokens: int) -> dict:
        """Return what an estimate must say; nothing is used."""
        life = copy.deepcopy(self.life)
        record = {**self.new_record(tokens), "request_id": "estimate"}
        life.use("estimate", tokens, self.world.now)
        expected = result_of(life, record, "accepted")
        return {name: expected[name] for name in ESTIMATED}

    def void(self, number: int) -> int:
        """Void a request in the plain life; return the status that the answer must have."""
        if number >= len(self.posted):
            return 404
        request_id = self.posted[number]["request_id"]
        self.life.void(request_id)
        self.used.pop(request_id, None)
        return 200

    # --- Money ----------------------------------------------------------------------------------

    def settle(self, page: str) -> None:
        """Pay what is open on a page, as the change that was accepted or too late for it."""
        if self.world.gateway.pages[page].status.value != "open":
            # We had it closed: nobody can pay there.
            return
        due = self.world.gateway.pages[page].order.amount_minor
        if self.life.change is None or not self.life.apply(self.world.now):
            self.overpaid += due
        self.world.tell_of(page)


def result_of(life: Life, record: dict, status: str) -> dict:
    """Return what an answer says of a request that the life has just used."""
    known, tokens = life.requests[record["request_id"]], record["prompt_tokens"]
    of_quota, of_extra, _granted = known["split"]
    return {
        "request_id": record["request_id"],
        "status": status,
        "cost": Decimal(tokens * 1_000).scaleb(-9),
        "final_cost": Decimal(known["final"]).scaleb(-9),
        "quota_tokens": of_quota,
        "extra_tokens": of_extra,
        "overage_tokens": tokens - of_quota - of_extra,
    }


def do_jobs(world: World, customers: list[Customer]) -> None:
    """Do what the worker would do; it may be done again, which changes nothing."""
    for customer in customers:
        customer.roll()
    for job in JOBS:
        job.work()
        end_reading()
    for month in ended_months(world.now):
        to_close = [each for each in customers if str(month) not in each.life.closed]
        for customer in to_close:
            customer.life.close(str(month), world.now)
        # Whoever has his invoice is passed over, however often it is done.
        for _ in range(2 if to_close else 0):
            with transaction():
                close_month(month, seller=SELLER, actor="system", now=world.now)
    keep_promises()


def ended_months(now: datetime) -> Iterator[BillingMonth]:
    """Return the months that may be closed, oldest first."""
    month = BillingMonth.of(BEGIN)
    while now >= month.period.ends_at + HOUR:
        yield month
        month = month.plus(1)


def keep_promises() -> None:
    """Do what was promised, as the worker does who is told to look after each commit."""
    end_reading()
    work_off_outbox()
    end_reading()
