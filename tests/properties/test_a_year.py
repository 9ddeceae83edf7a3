"""A year in one test: ten accounts live through it day by day, by the public API and the jobs.

Who starts on the 31st, who sees 29 February, whose clocks change, who switches, cancels, redeems,
tops up, posts late, voids, never pays: after each day the books are verified, and every job is
run a second time, which changes nothing. All 366 days go by on SQLite; on PostgreSQL, which takes
longer, the first weeks with 29 February and two ends of a month, or all with WHOLE_YEAR=1 set.
"""

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.catalog.operations import set_price
from app.domain.catalog.price_changes import PriceTerms
from app.domain.coupons.models import Coupon
from app.domain.invoices.models import Invoice, TaxRate
from app.domain.mails.models import Mail
from app.domain.payments.models import PaymentMethod
from app.domain.subscriptions.models import Subscription
from app.domain.tokens.models import TokenEntry
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation import clock
from app.foundation.database import Base, db, end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.factories.accounts import make_key
from tests.fakes.payment_gateway import SIGNATURE, FakeGateway, make_card

# A leap year that begins on a 31st.
BEGIN = datetime(2028, 1, 31, 9, 30, tzinfo=UTC)
WHOLE_YEAR = bool(os.environ.get("WHOLE_YEAR"))
YEAR, WEEKS = 366, 45
NAMES = (
    "payg",
    "basic",
    "climber",
    "coupons",
    "topper",
    "debtor",
    "lapser",
    "traveller",
    "late",
    "unpriced",
)
# Notes of what happened, and promises that were kept, may grow; everything else may not.
NOTES = {"journal_entries", "outbox_entries", "idempotency_keys"}
ACCEPTABLE = {200, 201, 404, 409, 422}


@dataclass
class World:
    """The accounts, what speaks for them, and the moment it is."""

    client: FlaskClient
    gateway: FakeGateway
    now: datetime
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    dice: random.Random = field(default_factory=lambda: random.Random(2028))
    posted: dict[str, list[str]] = field(default_factory=dict)

    def call(self, who: str, method: str, path: str, body: object = None) -> object:
        """Call the API; a refusal is fine, a failure is not."""
        answer = self.client.open(
            f"/v1/billing{path}", method=method, json=body, headers=self.keys[who]
        )
        assert answer.status_code in ACCEPTABLE, (path, body, answer.status_code, answer.text)
        end_reading()
        return answer.json

    def post(self, who: str, tokens: int, *, days_ago: int = 0, model: str = "gpt-4") -> None:
        """Post a request of the account, now or late."""
        ids = self.posted.setdefault(who, [])
        ids.append(f"{who}-{len(ids)}")
        moment = self.now - timedelta(days=days_ago)
        self.call(
            "gateway",
            "POST",
            "/usage",
            {
                "user_id": who,
                "request_id": ids[-1],
                "model": model,
                "prompt_tokens": tokens,
                "completion_tokens": tokens // 7,
                "occurred_at": moment.isoformat().replace("+00:00", "Z"),
                "api_key_alias": self.dice.choice(("prod", "test")),
            },
        )

    def pay_page(self, address: str | None) -> None:
        """Pay on the provider's page; the webhook tells of it, twice."""
        if not address:
            return
        notice = self.gateway.pay(address.rpartition("/")[2])
        for _ in range(2):
            answer = self.client.post(
                "/webhooks/stripe",
                data=notice.body,
                headers={"Signature": SIGNATURE, "Content-Type": "application/json"},
            )
            assert answer.status_code == 200

    def pay_invoices(self, who: str) -> None:
        """Pay whatever is open."""
        listed = self.call(who, "GET", "/invoices?page_size=100")
        for invoice in listed["invoices"]:
            if invoice["status"] in ("issued", "overdue"):
                path = f"/invoices/{invoice['id']}/checkout"
                self.pay_page(
                    self.call(who, "POST", path, {"provider": "stripe"}).get("checkout_url")
                )

    def switch(self, who: str, plan: str) -> None:
        """Preview, accept and pay a plan."""
        wanted = {"plan_id": plan}
        previewed = self.call(who, "POST", "/subscription/preview", wanted)
        if "previewed_at" not in previewed:
            return
        accepted = self.call(
            who,
            "POST",
            "/subscription",
            {**wanted, "previewed_at": previewed["previewed_at"]},
        )
        if accepted.get("checkout_url"):
            page = accepted["checkout_url"].rpartition("/")[2]
            asked = self.gateway.pages[page].order.amount_minor
            assert asked == round(previewed["amount_due"] * 100), "previewed is charged"
        self.pay_page(accepted.get("checkout_url"))

    def run_jobs(self) -> None:
        """Do everything that is scheduled, until nothing is promised any more."""
        # The promises and the alerts come first in it, and later jobs give them work.
        for scheduled in (*SCHEDULE, *SCHEDULE[:3], SCHEDULE[0]):
            scheduled.work()
        end_reading()


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    world = World(app.test_client(), gateway, BEGIN)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    with transaction():
        for name in NAMES:
            sign_up(f"{name}@example.com", user_id=name, now=BEGIN)
        session.add(TaxRate(country="DE", name="USt", rate_bp=1_900, updated_at=BEGIN))
        for number, (kind, value) in enumerate(COUPONS):
            session.add(make_coupon(number, kind, value))
        session.add(card_of("topper"))
    for name in NAMES:
        key = make_key(KeyKind.CUSTOMER, user_id=name, now=BEGIN)
        world.keys[name] = {"Authorization": f"Bearer {key.text}"}
    key = make_key(KeyKind.GATEWAY, now=BEGIN)
    world.keys["gateway"] = {"Authorization": f"Bearer {key.text}"}
    return world


COUPONS = [
    ("percentage", 2_000),
    ("fixed", 3_000),
    ("free_tokens", 50_000),
    ("percentage", 10_000),
    ("fixed", 150_000),
    ("percentage", 9_995),
]


def make_coupon(number: int, kind: str, value: int) -> Coupon:
    return Coupon(
        code=f"YEAR{number}",
        type=kind,
        value=value,
        max_uses=3,
        max_usage_per_user=2,
        valid_from=BEGIN,
        expires_at=BEGIN + timedelta(days=300),
        created_by="olga",
        created_at=BEGIN,
        updated_at=BEGIN,
    )


def card_of(user_id: str) -> PaymentMethod:
    card = make_card()
    return PaymentMethod(
        user_id=user_id,
        provider="stripe",
        provider_customer=card.customer,
        provider_reference=card.reference,
        brand=card.brand,
        last4=card.last4,
        is_default=True,
        consent_version="1",
        consented_at=BEGIN,
        created_at=BEGIN,
    )


def live(world: World, day: int) -> None:
    """Let everyone do what he does on such a day."""
    for name in NAMES:
        if world.dice.random() < 0.4:
            world.post(name, world.dice.choice((900, 7_000, 40_000)))
    for act in (payg, basic, climber, coupons, topper, debtor, lapser, traveller, late, unpriced):
        act(world, day)


def payg(world: World, day: int) -> None:
    if day % 9 == 0:
        world.pay_invoices("payg")


def basic(world: World, day: int) -> None:
    if day == 0:
        world.switch("basic", "plan-basic")
        world.call("basic", "PUT", "/settings", {"country": "DE", "alert_threshold": 20_000})
    world.pay_invoices("basic")


def climber(world: World, day: int) -> None:
    plans = {1: "plan-basic", 20: "plan-pro", 25: "plan-enterprise", 70: "plan-basic"}
    plans |= {120: "plan-pro", 200: "plan-enterprise", 260: "plan-pro", 320: "plan-basic"}
    if day in plans:
        world.switch("climber", plans[day])
    if day in (72, 150, 230, 330):
        world.call("climber", "POST", "/subscription/cancel")
    if day in (75, 155, 331):
        world.call("climber", "POST", "/subscription/resume")
    world.pay_invoices("climber")


def coupons(world: World, day: int) -> None:
    if day == 2:
        world.switch("coupons", "plan-pro")
    if day % 17 == 5:
        code = f" year{world.dice.randrange(len(COUPONS) + 1)} "
        world.call("coupons", "POST", "/coupons/apply", {"coupon_code": code})
    if day % 3 == 0:
        world.pay_invoices("coupons")


def topper(world: World, day: int) -> None:
    if day == 3:
        world.switch("topper", "plan-basic")
        wanted = {"auto_topup": True, "auto_topup_threshold": 30_000, "auto_topup_amount": 5}
        world.call("topper", "PUT", "/settings", {**wanted, "auto_pay": True})
    if day % 40 == 7:
        bought = world.call("topper", "POST", "/topups", {"amount": 12.34})
        world.pay_page(bought.get("checkout_url"))
    if day > 3:
        world.post("topper", 40_000)
    # His bank says no for some weeks of the summer.
    world.gateway.declines_with = "insufficient_funds" if 150 <= day < 175 else None
    if day == 180:
        world.call("topper", "PUT", "/settings", {"auto_topup": True})


def debtor(world: World, day: int) -> None:
    if day == 0:
        world.call("debtor", "PUT", "/settings", {"spend_limit": 5, "overage_enabled": True})
    if day == 170:
        assert session.get_one(Account, "debtor").suspended_because == "debt"
        world.pay_invoices("debtor")


def lapser(world: World, day: int) -> None:
    if day % 60 == 4:
        world.switch("lapser", "plan-basic")


def traveller(world: World, day: int) -> None:
    zones = {10: "America/New_York", 40: "Asia/Kolkata", 100: "Australia/Lord_Howe", 200: "UTC"}
    if day in zones:
        world.call("traveller", "PUT", "/settings", {"timezone": zones[day]})
    if day == 5:
        world.switch("traveller", "plan-pro")
    world.pay_invoices("traveller")


def late(world: World, day: int) -> None:
    if day > 45 and day % 4 == 0:
        world.post("late", 5_000, days_ago=world.dice.randrange(45))
    if day % 11 == 0 and world.posted.get("late"):
        request = world.dice.choice(world.posted["late"])
        wanted = {"request_id": request, "reason": "A year of it."}
        world.call("gateway", "POST", "/usage/void", wanted)
    if day % 30 == 0:
        world.pay_invoices("late")


def unpriced(world: World, day: int) -> None:
    if day % 5 == 0:
        world.post("unpriced", 3_000, model="nobody-knows-yet" if day < 200 else "gpt-4")
    if day == 210:
        price_it(world)
    world.pay_invoices("unpriced")


def price_it(world: World) -> None:
    with transaction():
        set_price("nobody-knows-yet", PriceTerms(1_000, 2_000), actor="olga", now=world.now)


def sizes() -> dict[str, int]:
    """Return how many rows each table has, and the sums that money and tokens come to."""
    counts = {
        table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
        if table.name not in NOTES
    }
    for name, total in {
        "extra tokens": sa.func.sum(Account.extra_tokens),
        "credit": sa.func.sum(Account.credit_minor),
        "asked": sa.func.sum(Invoice.final_minor),
        "paid": sa.func.count(Invoice.paid_at),
        "ledger": sa.func.sum(TokenEntry.tokens),
    }.items():
        counts[name] = int(session.scalar(sa.select(total)) or 0)
    end_reading()
    return counts


def test_a_year_goes_by(world: World) -> None:
    days = YEAR if WHOLE_YEAR or db.engine.dialect.name == "sqlite" else WEEKS
    for day in range(days):
        world.now = BEGIN + timedelta(days=day)
        live(world, day)
        world.run_jobs()
        before = sizes()
        world.run_jobs()
        assert sizes() == before, f"day {day}: a second run of the jobs has changed something"
        assert verify_books() == [], f"day {day}"
        end_reading()
    check_books()
    if days == YEAR:
        assert_that_it_was_eventful()


def assert_that_it_was_eventful() -> None:
    kinds = set(session.scalars(sa.select(Mail.kind)))
    assert kinds >= {
        "alerts_crossed",
        "account_suspended",
        "change_scheduled",
        "coupon_redeemed",
        "invoice_issued",
        "invoice_paid",
        "invoice_reminder",
        "plan_changed",
        "plan_expired",
        "renewal_due",
        "tokens_bought",
        "topup_declined",
    }
    states = set(session.scalars(sa.select(Subscription.status)))
    assert states >= {"active", "cancelled", "expired"}
