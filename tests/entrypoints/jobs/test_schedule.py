"""Every job of the schedule does its work, and can be done twice."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import mail_tokens, sessions
from app.domain.accounts.access_models import MailToken, SignInSession
from app.domain.accounts.devices import Visitor
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.catalog.models import Plan
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation import clock
from app.foundation.database import end_reading, session, transaction
from tests.books import check_books
from tests.factories.payments import make_invoice
from tests.factories.purchases import (
    begin_switch,
    buy_plan,
    invoices_of,
    mails_of,
    make_card,
    payments_of,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

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
        for days, left in [(30, (1, 1)), (40, (1, 0)), (121, (0, 0))]:
            do("old_sign_ins", at=NOW + days * DAY)
            counts = session.query(SignInSession).count(), session.query(MailToken).count()
            assert counts == left

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
