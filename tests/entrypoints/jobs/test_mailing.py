"""Mails go out once, with their documents, over a real server; without one they are kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.mails.models import Mail
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation.database import db, session, transaction
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.databases import settings_for
from tests.factories.mails import FACTS, make_mail
from tests.factories.payments import make_paid
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.smtp_server import TAKEN, Mailbox, smtp_server


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


@pytest.fixture
def app(database_url: str, tmp_path: Path, box: Mailbox) -> Iterator[Flask]:
    """An app that sends its mails."""
    settings = settings_for(
        database_url,
        tmp_path / "instance",
        SMTP_URL=f"smtp://127.0.0.1:{box.port}",
        MAIL_FROM="Oblivious <billing@example.org>",
        BASE_URL="https://billing.example.org",
    )
    app = create_app(settings, TESTING=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def mail_row() -> Mail:
    session.rollback()
    return session.query(Mail).populate_existing().one()


def promise_row() -> OutboxEntry:
    session.rollback()
    return session.query(OutboxEntry).populate_existing().one()


def hurry() -> None:
    with transaction():
        waiting = session.query(OutboxEntry).filter(OutboxEntry.done_at.is_(None))
        waiting.update({"next_try_at": OutboxEntry.created_at})


class TestSendMail:
    def test_sends_once(self, ada: Account, box: Mailbox, now: datetime) -> None:
        make_mail(ada, "coupon_redeemed", now=now)
        assert work_off_outbox() == 1
        (message,) = box.taken
        assert message["Subject"] == "Coupon SAVE50 redeemed"
        assert message["To"] == "ada@example.com"
        text = message.get_body(("plain",)).get_content()
        assert "https://billing.example.org/coupons" in text
        assert "Save 50%" in message.get_body(("html",)).get_content()
        assert mail_row().sent_at is not None and promise_row().done_at is not None

    def test_a_promise_that_is_kept_again_sends_nothing(
        self, ada: Account, box: Mailbox, now: datetime
    ) -> None:
        make_mail(ada, now=now)
        work_off_outbox()
        with transaction():
            promise_row().next_try_at = now
        work_off_outbox()
        assert len(box.taken) == 1

    def test_tries_again_what_is_not_taken_now(
        self, ada: Account, box: Mailbox, now: datetime
    ) -> None:
        box.answer_to_recipient = "450 greylisted"
        make_mail(ada, now=now)
        work_off_outbox()
        assert not mail_row().is_settled
        assert promise_row().last_error.endswith("450 greylisted")
        box.answer_to_recipient = TAKEN
        hurry()
        work_off_outbox()
        assert len(box.taken) == 1 and mail_row().sent_at is not None

    def test_does_not_try_again_what_is_refused_for_good(
        self, ada: Account, box: Mailbox, now: datetime
    ) -> None:
        box.answer_to_recipient = "550 no such user"
        make_mail(ada, now=now)
        work_off_outbox()
        mail = mail_row()
        assert mail.refused_at is not None and mail.sent_at is None
        assert mail.refusal == "The mail server refuses it: 550 no such user"
        assert promise_row().done_at is not None

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("invoice_issued", "{}.pdf"),
            ("invoice_paid", "{}-receipt.pdf"),
            ("tokens_bought", "{}-receipt.pdf"),
        ],
    )
    def test_documents_go_along(
        self, ada: Account, box: Mailbox, now: datetime, kind: str, name: str
    ) -> None:
        payment = make_paid(ada, gateway=FakeGateway(), now=now)
        number = str(session.get_one(Invoice, payment.invoice_id).invoice_number)
        make_mail(ada, kind, facts={**FACTS[kind], "invoice_number": number}, now=now)
        work_off_outbox()
        (file,) = box.taken[-1].iter_attachments()
        assert file.get_filename() == name.format(number)
        assert file.get_content().startswith(b"%PDF-")

    def test_a_mail_that_cannot_be_written_waits(
        self, ada: Account, box: Mailbox, now: datetime
    ) -> None:
        make_mail(ada, "coupon_redeemed", facts={"code": "A"}, now=now)
        work_off_outbox()
        assert box.taken == [] and not mail_row().is_settled
        assert promise_row().next_try_at >= now + timedelta(seconds=9)
