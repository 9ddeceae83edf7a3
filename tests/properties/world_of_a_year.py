"""The world of a year: who lives in it, what speaks for them, and the moment it is."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.domain.invoices.models import Invoice
from app.domain.payments.models import PaymentMethod
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation.database import end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import SIGNATURE, FakeGateway, make_card

# A leap year that begins on a 31st.
BEGIN = datetime(2028, 1, 31, 9, 30, tzinfo=UTC)
ACCEPTABLE = {200, 201, 404, 409, 422}
# The types of the coupons that there are, each with its value in percent, USD or tokens.
COUPONS = (
    ("percentage", 20),
    ("fixed", 30),
    ("free_tokens", 50_000),
    ("percentage", 100),
    ("fixed", 1_500),
    ("percentage", 99.95),
)


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
        self.keep_promises()
        return answer.json

    def order(self, method: str, path: str, body: object) -> None:
        """Call the API as the operator, who is not refused."""
        answer = self.client.open(
            f"/v1/billing/operator{path}", method=method, json=body, headers=self.keys["olga"]
        )
        assert answer.status_code in (200, 201), (path, body, answer.text)
        self.keep_promises()

    def post(self, who: str, tokens: int, *, hours_ago: int = 0, model: str = "gpt-4") -> None:
        """Post a request of the account, now or late."""
        ids = self.posted.setdefault(who, [])
        ids.append(f"{who}-{len(ids)}")
        moment = self.now - timedelta(hours=hours_ago)
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
            self.keep_promises()

    def pay_invoices(self, who: str) -> None:
        """Pay whatever is open."""
        # To ask the API for each day's nothing took a fifth of the year.
        issued = sa.select(Invoice.id).where(Invoice.user_id == who, Invoice.status == "issued")
        has_any = session.scalars(issued.limit(1)).first() is not None
        end_reading()
        if not has_any:
            return
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
            {**wanted, **{name: previewed[name] for name in ("previewed_at", "terms")}},
        )
        if accepted.get("checkout_url"):
            page = accepted["checkout_url"].rpartition("/")[2]
            asked = self.gateway.pages[page].order.amount_minor
            assert asked == round(previewed["amount_due"] * 100), "previewed is charged"
        self.pay_page(accepted.get("checkout_url"))

    def keep_promises(self) -> None:
        """Work off what was promised, as the worker does who is told to look after each commit."""
        end_reading()
        work_off_outbox()
        end_reading()

    def run_jobs(self) -> None:
        """Do everything that is scheduled, until nothing is promised any more."""
        # The promises and the alerts come first in it, and later jobs give them work.
        for scheduled in (*SCHEDULE, *SCHEDULE[:3], SCHEDULE[0]):
            scheduled.work()
        end_reading()


def make_world(app: Flask, names: Iterable[str]) -> World:
    """Make the world on its first day, with everybody in it."""
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    world = World(app.test_client(), gateway, BEGIN)
    make_account("olga", role="operator", now=BEGIN)
    with transaction():
        for name in names:
            sign_up(f"{name}@example.com", user_id=name, now=BEGIN)
        session.add(card_of("topper"))
    for name in names:
        world.keys[name] = bearer(KeyKind.CUSTOMER, user_id=name, now=BEGIN)
    world.keys["olga"] = bearer(KeyKind.OPERATOR, user_id="olga", now=BEGIN)
    world.keys["gateway"] = bearer(KeyKind.GATEWAY, now=BEGIN)
    return world


def open_shop(world: World) -> None:
    """Let the operator set a tax and make the coupons."""
    world.order("PUT", "/taxes/DE", {"name": "USt", "percent": 19})
    for number, (kind, value) in enumerate(COUPONS):
        coupon = {
            "code": f"YEAR{number}",
            "type": kind,
            "value": value,
            "max_uses": 3,
            "max_usage_per_user": 2,
            "expires_at": (BEGIN + timedelta(days=300)).isoformat(),
        }
        world.order("POST", "/coupons", coupon)


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
