"""Every job of the schedule does its work, and can be done twice."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts import email_changes, mail_tokens, sessions
from app.domain.accounts.access_models import EmailChange, MailToken, SignInSession
from app.domain.accounts.devices import Visitor
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.catalog.models import Plan
from app.domain.payments.gateway import OutcomeStatus
from app.domain.usage.models import BillingRecord
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.closing import close_ended_months
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation import clock
from app.foundation.database import end_reading, session, transaction
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.catalog import make_price
from tests.factories.payments import make_invoice
from tests.factories.purchases import (
    begin_switch,
    buy_plan,
    invoices_of,
    mails_of,
    make_card,
    payments_of,
)
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

DAY = timedelta(days=1)
JOBS = {scheduled.name: scheduled for scheduled in SCHEDULE}


@pytest.fixture
def do(app: Flask, monkeypatch: pytest.MonkeyPatch):
    def do(name: str, *, at) -> None:
        monkeypatch.setattr(clock, "now", lambda: at)
        end_reading()
        for _ in range(2):
            JOBS[name].work()

    yield do
    check_books()


class TestSchedule:
    def test_names_each_job_once(self) -> None:
        assert len(JOBS) == len(SCHEDULE)
        assert all(scheduled.every_seconds > 0 for scheduled in SCHEDULE)

    def test_renews(self, ada: Account, do) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        do("renewals", at=NOW + 30 * DAY)
        assert [invoice.status for invoice in invoices_of(ada)] == ["paid", "issued"]

    def test_charges(self, ada: Account, do) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_card(ada)
        do("renewals", at=NOW + 30 * DAY)
        do("charges", at=NOW + 30 * DAY)
        assert [payment.method for payment in payments_of(ada)] == ["checkout", "off_session"]

    def test_forgets_sign_ins_that_ended_long_ago(self, ada: Account, do) -> None:
        with transaction():
            sessions.begin(ada, visitor=Visitor("curl", ""), now=NOW)
            mail_tokens.make(ada, Purpose.VERIFY_EMAIL, email=ada.email, now=NOW)
            email_changes.begin(ada, "ada@new.example", now=NOW)
        for days, left in [(90, (1, 1, 1)), (100, (1, 0, 0)), (181, (0, 0, 0))]:
            do("old_sign_ins", at=NOW + days * DAY)
            tables = SignInSession, MailToken, EmailChange
            assert tuple(session.query(table).count() for table in tables) == left

    def test_reminds(self, ada: Account, do) -> None:
        make_invoice(ada)
        do("reminders", at=NOW + 30 * DAY)
        assert mails_of(ada) == ["invoice_reminder"]

    def test_gives_closed_pages_up(self, ada: Account, do) -> None:
        begin_switch(ada, "plan-pro", gateway=FakeGateway())
        do("closed_pages", at=NOW + 2 * DAY)
        assert invoices_of(ada)[0].status == "void"

    def test_announces_price_rises(self, ada: Account, do) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        with transaction():
            session.get_one(Plan, "plan-pro").monthly_price_minor = 10_999
        do("price_rises", at=NOW + 20 * DAY)
        assert mails_of(ada).count("price_rise") == 1


# Of each of those people: invoices, payments, mails.
BOUGHT, SETTLED = ["invoice_paid", "plan_changed"], "plan_change settled"
STORIES = {
    "renews": (
        ["subscription paid", "subscription paid"],
        [SETTLED, "invoice settled"],
        ["invoice_paid", *BOUGHT],
    ),
    "expires": (
        ["subscription paid", "subscription void"],
        [SETTLED],
        [*BOUGHT, "plan_expired", "renewal_due"],
    ),
    "drinks": (
        ["subscription paid", "topup paid", "subscription paid"],
        [SETTLED, "topup settled", "invoice settled"],
        ["invoice_paid", *BOUGHT, "tokens_bought"],
    ),
    "leaves": (["subscription void"], ["plan_change expired"], []),
    "owes": (
        ["usage issued", "usage issued"],
        [],
        ["account_suspended", "invoice_issued", "invoice_reminder"],
    ),
    "waits": ([], [], []),
}


class TestTwoWorkers:
    """All jobs, done by one worker or by two at the same moment: the same comes of it."""

    CLOSES = datetime(2026, 12, 1, 1, tzinfo=UTC)

    @pytest.fixture
    def gateway(self, app: Flask) -> FakeGateway:
        gateway = FakeGateway()
        app.config[GATEWAYS] = {"stripe": gateway}
        return gateway

    @pytest.fixture
    def town(self, app: Flask, gateway: FakeGateway, monkeypatch) -> dict[str, Account]:
        """People for whom each of the jobs has something to do once November is closed."""
        month_ago = self.CLOSES - 30 * DAY
        people = {name: make_account(name, now=month_ago) for name in STORIES}
        monkeypatch.setattr(clock, "now", lambda: month_ago)
        close_ended_months()
        for name in ("renews", "expires", "drinks"):
            begun = month_ago - 8 * DAY if name == "expires" else month_ago
            buy_plan(people[name], "plan-pro", gateway=gateway, now=begun)
        monkeypatch.setattr(clock, "now", lambda: self.CLOSES - 6 * DAY)
        JOBS["renewals"].work()
        make_card(people["renews"])
        make_card(people["drinks"])
        with transaction():
            settings_of(people["drinks"]).auto_topup_threshold = 1_000_000
        make_usage("drinks", now=NOW)
        begin_switch(people["leaves"], "plan-basic", gateway=gateway)
        gateway.end(list(gateway.pages)[-1], OutcomeStatus.EXPIRED)
        make_invoice(people["owes"], now=self.CLOSES - 60 * DAY)
        make_usage("owes", now=NOW, prompt_tokens=50_000)
        make_usage("waits", model="not-priced-yet", now=self.CLOSES - timedelta(minutes=5))
        make_price("not-priced-yet")
        monkeypatch.setattr(clock, "now", lambda: self.CLOSES)
        end_reading()
        return people

    @pytest.mark.parametrize("workers_count", [1, 2, 4])
    def test_do_what_one_would(self, app, town, gateway, workers_count: int) -> None:
        def work() -> None:
            for scheduled in SCHEDULE:
                scheduled.work()

        # What one job promises is kept by the first job of the next round.
        for _ in range(3):
            in_parallel(app, [work] * workers_count)
        assert {name: self.story_of(person) for name, person in town.items()} == STORIES
        charged = [order.payment_id for order in gateway.charged]
        assert len(charged) == len(set(charged)) == 3
        assert session.query(BillingRecord).filter_by(status="unpriced").count() == 0
        check_books()

    def story_of(self, person: Account) -> tuple[list[str], list[str], list[str]]:
        invoices = [f"{row.kind} {row.status}" for row in invoices_of(person)]
        payments = [f"{row.purpose} {row.status}" for row in payments_of(person)]
        return invoices, payments, sorted(mails_of(person))
