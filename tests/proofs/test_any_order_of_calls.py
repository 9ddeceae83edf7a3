"""Whatever programs call in whatever order, every answer is what plain integers say.

Two customers' programs, their gateway, the operator and the payment provider's webhooks call the
app over HTTP, drawn by lot, while the clock goes over the ends of periods and months, and the
worker's jobs run twice. After each step figures, usage, subscription and invoices are what the
lives in integers say, nobody got something for nothing, and the books verify.
"""

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as generated
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.database import db, end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.catalog import make_price
from tests.fakes.payment_gateway import FakeGateway
from tests.proofs.customers import BEGIN, MODEL, Customer, World, do_jobs
from tests.proofs.sizes import IS_LONG, sized
from tests.properties.ledger_of_a_life import PAYG
from tests.properties.nothing_for_nothing import assert_nothing_for_nothing

STEPS = sized(15, long=50)
# A step on PostgreSQL takes thrice as long.
EXAMPLES = {"sqlite": sized(6, long=80), "postgresql": sized(2, long=40)}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOKENS = st.sampled_from([1, 333, 60_000, 400_000, 3_000_000])
WHO = st.integers(0, 1)
PLANS = st.sampled_from(["plan-basic", "plan-pro", "plan-enterprise"])
COUPONS = st.sampled_from(
    [
        ("fixed", 500),
        ("fixed", 20_000),
        ("percentage", 2_000),
        ("percentage", 9_990),
        ("percentage", 10_000),
        ("free_tokens", 5_000),
    ]
)
_names = count(1)


class Calls(RuleBasedStateMachine):
    """Everything that programs may call, one step at a time."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        session.rollback()
        self.world.now = BEGIN
        self.customers = [self._customer() for _ in range(2)]

    def _customer(self) -> Customer:
        name = f"proof-{next(_names)}"
        with transaction():
            sign_up(f"{name}@example.com", user_id=name, now=BEGIN)
        return Customer(self.world, name, bearer(KeyKind.CUSTOMER, user_id=name, now=BEGIN))

    def _go_on(self) -> None:
        self.world.now += MINUTE
        for customer in self.customers:
            customer.roll()

    def _post(self, path: str, body: object) -> tuple[int, dict]:
        return self.world.call(self.world.gateway_headers, "POST", path, body)

    # --- What the gateway calls ----------------------------------------------------------------

    @rule(who=WHO, tokens=TOKENS)
    def use(self, who: int, tokens: int) -> None:
        self._go_on()
        record = self.customers[who].new_record(tokens)
        expected = self.customers[who].use(record)
        status, answered = self._post("/usage", record)
        assert (status, answered["results"]) == (200, [expected])

    @rule(uses=st.lists(st.tuples(WHO, TOKENS), min_size=1, max_size=8), repeated=st.booleans())
    def use_many(self, uses: list[tuple[int, int]], repeated: bool) -> None:
        self._go_on()
        records, expected = [], []
        for who, tokens in uses:
            record = self.customers[who].new_record(tokens)
            expected.append(self.customers[who].use(record))
            records.append(record)
        if repeated:
            records.append(records[0])
            expected.append({**expected[0], "status": "duplicate"})
        status, answered = self._post("/usage?verbose=1", {"records": records})
        assert (status, answered["results"]) == (200, expected)

    @rule(who=WHO, number=st.integers(0, 20))
    def repeat(self, who: int, number: int) -> None:
        self._go_on()
        for record in self.customers[who].posted[number : number + 1]:
            status, answered = self._post("/usage", record)
            assert (status, answered["duplicates"]) == (200, 1)

    @rule(who=WHO, number=st.integers(0, 20))
    def contradict(self, who: int, number: int) -> None:
        self._go_on()
        for record in self.customers[who].posted[number : number + 1]:
            status, _ = self._post("/usage", {**record, "completion_tokens": 7})
            assert status == 409

    @rule(who=WHO, number=st.integers(0, 8))
    def void(self, who: int, number: int) -> None:
        self._go_on()
        customer = self.customers[who]
        expected = customer.void(number)
        body = {"request_id": f"{customer.name}-{number}", "reason": "a proof"}
        assert self._post("/usage/void", body)[0] == expected

    # --- What customers' programs call ---------------------------------------------------------

    @rule(who=WHO, tokens=TOKENS)
    def estimate(self, who: int, tokens: int) -> None:
        self._go_on()
        expected = self.customers[who].foreseen(tokens)
        body = {"model": MODEL, "prompt_tokens": tokens, "completion_tokens": 0}
        status, answered = self.customers[who].call("POST", "/estimate", body)
        assert status == 200
        assert {name: answered[name] for name in expected} == expected

    @rule(who=WHO, plan=PLANS, then=st.sampled_from(["pay", "leave"]))
    def switch(self, who: int, plan: str, then: str) -> None:
        self._go_on()
        customer = self.customers[who]
        expected = customer.life.switch(plan, self.world.now)
        status, answered = customer.call("POST", "/subscription", {"plan_id": plan})
        done = "to pay" if answered.get("checkout_url") else "done"
        said = done if status == 200 else answered["code"]
        assert said == {"scheduled": "done", "applied": "done"}.get(expected, expected)
        if done == "to pay":
            customer.page = answered["checkout_url"].rpartition("/")[2]
            if then == "pay":
                self.pay_change(who)

    @rule(who=WHO)
    def pay_change(self, who: int) -> None:
        self._go_on()
        page, self.customers[who].page = self.customers[who].page, None
        if page is not None:
            self.customers[who].settle(page)

    @rule(who=WHO, way=st.sampled_from(["cancel", "resume"]))
    def cancel_or_resume(self, who: int, way: str) -> None:
        self._go_on()
        customer = self.customers[who]
        expected = getattr(customer.life, way)()
        status, answered = customer.call("POST", f"/subscription/{way}")
        said = {"cancel": "cancelled", "resume": "resumed"}[way]
        assert (said if status == 200 else answered["code"]) == expected

    @rule(who=WHO, coupon=COUPONS)
    def redeem(self, who: int, coupon: tuple[str, int]) -> None:
        self._go_on()
        customer, code = self.customers[who], self.world.coupon(*coupon)
        typed = {"coupon_code": f" {code.lower()} "}
        status, answered = customer.call("POST", "/coupons/apply", typed)
        assert status == 200, answered
        customer.life.redeem(*coupon, next(_names))

    @rule(who=WHO, minor=st.sampled_from([500, 10_000]))
    def top_up(self, who: int, minor: int) -> None:
        self._go_on()
        customer = self.customers[who]
        status, answered = customer.call("POST", "/topups", {"amount": minor / 100})
        if customer.life.plan == PAYG:
            assert answered["code"] == customer.life.top_up(minor)
            return
        before = customer.life.extra
        customer.life.top_up(minor)
        assert (status, answered["tokens"]) == (200, customer.life.extra - before)
        self.world.tell_of(answered["checkout_url"].rpartition("/")[2])

    @rule(who=WHO)
    def pay_renewal(self, who: int) -> None:
        self._go_on()
        customer = self.customers[who]
        _, listed = customer.call("GET", "/invoices?page_size=100")
        waiting = [
            invoice["id"]
            for invoice in listed["invoices"]
            if invoice["kind"] == "subscription" and invoice["status"] in ("issued", "overdue")
        ]
        assert len(waiting) == (customer.life.owed is not None)
        for reference in waiting:
            path = f"/invoices/{reference}/checkout"
            status, answered = customer.call("POST", path, {"provider": "stripe"})
            assert status == 200, answered
            self.world.tell_of(answered["checkout_url"].rpartition("/")[2])
            customer.life.pay_renewal()

    @rule(who=WHO)
    def look_at_the_draft(self, who: int) -> None:
        """The running month as it would be billed now; nothing comes of it."""
        self._go_on()
        customer, month = self.customers[who], f"{self.world.now:%Y-%m}"
        life = copy.deepcopy(customer.life)
        life.close(month, self.world.now)
        body = {"billing_month": month}
        status, answered = customer.call("POST", "/invoices/generate", body)
        assert (status, answered["status"]) == (200, "draft")
        # What would only be carried is shown too, but asked for by nobody.
        for amount, _due in [*life.usage_invoices.values()][len(customer.life.usage_invoices) :]:
            assert answered["amount"] * 100 == amount

    @rule(days=st.sampled_from([1, 5, 14, 31]))
    def wait(self, days: int) -> None:
        # No longer than a day at a time, so that jobs are as punctual as they are.
        for _ in range(days):
            self.world.now += DAY
            do_jobs(self.world, self.customers)
        # And once more, by a second worker: it finds nothing to do.
        do_jobs(self.world, self.customers)

    # --- What holds after each step ------------------------------------------------------------

    @invariant()
    def answers_are_what_plain_integers_say(self) -> None:
        do_jobs(self.world, self.customers)
        for customer in self.customers:
            self._check_stats(customer)
            self._check_subscription(customer)
            self._check_invoices(customer)
            assert_nothing_for_nothing(customer.name)
            end_reading()

    @invariant()
    def the_books_verify(self) -> None:
        assert verify_books() == []
        end_reading()

    def _check_stats(self, customer: Customer) -> None:
        now, life, used = self.world.now, customer.life, customer.used.values()
        this_month = [each for each in used if each[2] == f"{now:%Y-%m}"]
        status, stats = customer.call("GET", "/stats")
        assert status == 200
        left = life.quota - life.used_of_quota
        expected = {
            "current_month_cost": usd(sum(nanos for _, nanos, _, _ in this_month)),
            "current_month_tokens": sum(tokens for tokens, _, _, _ in this_month),
            "subscription_plan": life.plan.removeprefix("plan-"),
            "tokens_quota": life.quota,
            "tokens_used": sum(tokens for tokens, _, _, began in used if began == life.start),
            "tokens_remaining": left,
            "total_cost": usd(sum(nanos for _, nanos, _, _ in used)),
            "token_balance": left + life.extra,
            "extra_tokens": life.extra,
            "unpriced_tokens": 0,
            "quota_tokens_used": life.used_of_quota,
        }
        assert {name: stats[name] for name in expected} == expected
        span = f"from={BEGIN.date()}&to={(now + DAY).date()}&granularity=day"
        _, shown = customer.call("GET", f"/usage?{span}")
        assert shown["totals"]["total_tokens"] == sum(tokens for tokens, *_ in used)
        assert shown["totals"]["final_cost"] == expected["total_cost"]
        assert shown["totals"]["requests"] == len(used)

    def _check_subscription(self, customer: Customer) -> None:
        _, shown = customer.call("GET", "/subscription")
        life = customer.life
        moments = (shown["period_start"], shown["period_end"], shown["grace_ends_at"])
        assert shown["plan_id"] == life.plan
        assert [moment_of(text) for text in moments] == [life.start, life.end, life.grace_end]
        assert (shown["auto_renew"], shown["pending_plan_id"]) == (life.auto_renew, life.pending)

    def _check_invoices(self, customer: Customer) -> None:
        _, listed = customer.call("GET", "/invoices?page_size=100")
        asked = {
            each["billing_month"]: each["amount"] * 100
            for each in listed["invoices"]
            if each["kind"] == "usage" and each["status"] != "draft"
        }
        usage_invoices = customer.life.usage_invoices
        assert asked == {month: amount for month, (amount, _due) in usage_invoices.items()}


def usd(nanos: int) -> Decimal:
    return Decimal(nanos).scaleb(-9)


def moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    make_price(MODEL, prompt_pico=1_000_000, completion_pico=1_000_000)
    make_account("olga", role="operator", now=BEGIN)
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    by_gateway = bearer(KeyKind.GATEWAY, now=BEGIN)
    by_olga = bearer(KeyKind.OPERATOR, user_id="olga", now=BEGIN)
    world = World(app.test_client(), gateway, by_gateway, by_olga)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    yield world
    session.rollback()
    check_books()


def test_any_order_of_calls_is_what_plain_integers_say(world: World) -> None:
    class CallsOfThisWorld(Calls):
        pass

    CallsOfThisWorld.world = world
    runs = generated(
        max_examples=EXAMPLES[db.engine.dialect.name],
        stateful_step_count=STEPS,
        # In the long form other steps are drawn each time; what fails then prints its own steps.
        derandomize=not IS_LONG,
        deadline=None,
        # Each step is many requests: telling the case is worth more than making it short.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(CallsOfThisWorld, settings=runs)
