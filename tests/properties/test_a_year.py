"""A year in one test: ten accounts live through it day by day, by the public API and the jobs.

Who starts on the 31st, who sees 29 February, whose clocks change, who switches, cancels, redeems,
tops up, posts late, voids, never pays: after each day the books are verified, and every job is
run a second time, which changes nothing. All 366 days go by on SQLite; on PostgreSQL, which takes
longer, the first weeks with 29 February and two ends of a month, or all with WHOLE_YEAR=1 set.
"""

import os
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponUsage
from app.domain.invoices.models import Invoice, InvoiceLine
from app.domain.mails.models import Mail
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import Subscription
from app.domain.usage.models import BillingRecord, UsageMonthly
from app.entrypoints.letters import write_letter
from app.foundation import clock
from app.foundation.database import Base, db, end_reading, session
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.digests import digests
from tests.properties.world_of_a_year import BEGIN, COUPONS, World, make_world, open_shop

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
NOT_YET_PRICED = "nobody-knows-yet"
# Where the traveller goes, so that he lives through every kind of change: an hour forward, half
# an hour back, an hour back. Each has happened within the day before the day it is named for.
ZONES = {
    10: "America/New_York",
    60: "Australia/Lord_Howe",
    75: "Asia/Kolkata",
    230: "America/New_York",
    300: "Australia/Lord_Howe",
}
CLOCKS_CHANGE_ON = (41, 62, 279)
LOOKED_AT_EVERY = 5
# Notes of what happened, and promises that were kept, may grow; everything else may not.
NOTES = {"journal_entries", "outbox_entries", "idempotency_keys"}


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    world = make_world(app, NAMES)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    open_shop(world)
    return world


def live(world: World, day: int) -> None:
    """Let everyone do what he does on such a day."""
    for name in NAMES:
        if name != "traveller" and world.dice.random() < 0.4:
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
    if day in ZONES:
        world.call("traveller", "PUT", "/settings", {"timezone": ZONES[day]})
    if day == 5:
        world.switch("traveller", "plan-pro")
    # The clocks have changed within the hours before: he is awake on both sides of it.
    for _ in range(6 if day in CLOCKS_CHANGE_ON else world.dice.choice((0, 0, 1))):
        tokens = world.dice.choice((900, 7_000))
        world.post("traveller", tokens, hours_ago=world.dice.randrange(24))
    world.pay_invoices("traveller")


def late(world: World, day: int) -> None:
    if day > 45 and day % 4 == 0:
        world.post("late", 5_000, hours_ago=24 * world.dice.randrange(45))
    if day % 11 == 0 and world.posted.get("late"):
        request = world.dice.choice(world.posted["late"])
        wanted = {"request_id": request, "reason": "A year of it."}
        world.call("gateway", "POST", "/usage/void", wanted)
    if day % 30 == 0:
        world.pay_invoices("late")


def unpriced(world: World, day: int) -> None:
    if day % 5 == 0:
        world.post("unpriced", 3_000, model=NOT_YET_PRICED if day < 200 else "gpt-4")
    if day == 210:
        price_it(world)
    world.pay_invoices("unpriced")


def price_it(world: World) -> None:
    price = {"prompt_price_per_k": 0.000001, "completion_price_per_k": 0.000002}
    world.order("POST", "/prices", {"model_id": NOT_YET_PRICED, **price})


def offset_of_traveller(day: int) -> timedelta | None:
    zone = [ZONES[began] for began in ZONES if began <= day][-1]
    return (BEGIN + timedelta(days=day)).astimezone(ZoneInfo(zone)).utcoffset()


def test_the_clocks_change_where_the_traveller_is() -> None:
    at_one_place = [day for day in range(min(ZONES) + 1, YEAR) if day not in ZONES]
    changes = [d for d in at_one_place if offset_of_traveller(d) != offset_of_traveller(d - 1)]
    assert changes == list(CLOCKS_CHANGE_ON)


def is_looked_at(day: int) -> bool:
    """Tell whether the jobs run twice: each day, or where that takes too long, on many of them."""
    begins_month = (BEGIN + timedelta(days=day)).day == 1
    return WHOLE_YEAR or day % LOOKED_AT_EVERY == 0 or begins_month or day in CLOCKS_CHANGE_ON


def test_looks_at_every_day_of_the_week_and_of_the_month() -> None:
    days = [BEGIN + timedelta(days=day) for day in range(YEAR) if is_looked_at(day)]
    assert {day.weekday() for day in days} == {*range(7)}
    assert {day.day for day in days} == {*range(1, 32)}
    assert len({day.month for day in days if day.day == 1}) == 12


def test_a_year_goes_by(world: World) -> None:
    days = YEAR if WHOLE_YEAR or db.engine.dialect.name == "sqlite" else WEEKS
    for day in range(days):
        world.now = BEGIN + timedelta(days=day)
        live(world, day)
        world.run_jobs()
        if is_looked_at(day):
            before = digests(leaving=NOTES)
            world.run_jobs()
            after = digests(leaving=NOTES)
            assert after == before, f"day {day}: a second run of the jobs has changed something"
        assert verify_books() == [], f"day {day}"
        if day in CLOCKS_CHANGE_ON:
            check_books()
        end_reading()
    check_books()
    assert_that_every_letter_can_be_written()
    if days == YEAR:
        assert_that_it_was_eventful()


def assert_that_every_letter_can_be_written() -> None:
    """What was told to the mails of the year is what their templates need."""
    latest = sa.select(sa.func.max(Mail.id)).group_by(Mail.kind, Mail.user_id)
    for mail in session.scalars(sa.select(Mail).where(Mail.id.in_(latest))).all():
        account = session.get_one(Account, mail.user_id)
        letter = write_letter(mail, account, settings=current_app.config["SETTINGS"])
        assert "None" not in letter.text, mail.kind


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
        "plan_cancelled",
        "plan_changed",
        "plan_expired",
        "plan_kept",
        "renewal_due",
        "tokens_bought",
        "topup_declined",
    }
    states = set(session.scalars(sa.select(Subscription.status)))
    assert states >= {"active", "cancelled", "expired"}
    redeemed = set(session.scalars(sa.select(Coupon.type).join(CouponUsage)))
    assert redeemed == {kind for kind, _value in COUPONS}
    assert {name for name, rows in happenings().items() if not session.scalar(rows)} == set()


def happenings() -> dict[str, sa.Select[tuple[int]]]:
    """Return what must have happened, each with how to count it."""
    record = BillingRecord
    was_late = UsageMonthly.billing_month > UsageMonthly.occurred_month
    was_filled_in = (record.model == NOT_YET_PRICED) & (record.status == "completed")
    return {
        "a correction was billed": count(InvoiceLine, InvoiceLine.kind == "correction"),
        "a record was voided": count(record, record.status == "voided"),
        "late usage was billed in a later month": count(UsageMonthly, was_late),
        "an unpriced record was filled in": count(record, was_filled_in),
        "tokens were bought off session": count(
            Payment,
            Payment.purpose == "topup",
            Payment.method == "off_session",
            Payment.status == "settled",
        ),
        "an invoice bore tax": count(Invoice, Invoice.tax_minor > 0, Invoice.status == "paid"),
    }


def count(table: type[Base], *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions)
