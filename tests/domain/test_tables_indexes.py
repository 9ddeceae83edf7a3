"""The long tables beside usage's: what is asked most of them is found through an index."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import account
from app.domain.invoices import queries as invoices
from app.domain.invoices import searching
from app.domain.invoices.models import Invoice
from app.domain.mails import queries as mails
from app.domain.mails.models import Mail
from app.domain.payments import queries as payments
from app.domain.payments import searching as paying
from app.domain.payments.models import Payment
from app.domain.tokens import queries as tokens
from app.domain.tokens.models import TokenEntry
from app.foundation import journal, outbox
from app.foundation.bulk import insert_rows
from app.foundation.database import Base, session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.factories.accounts import make_account
from tests.factories.long_history import let_planner_know
from tests.factories.rows import VALID
from tests.moments import NOW
from tests.plans import Index, plans

ROWS = 4_000
PEOPLE = [f"user-{number:02}" for number in range(40)]
ADA = PEOPLE[5]
Row = dict[str, object]


@pytest.fixture(autouse=True)
def long_tables(app: Flask) -> None:
    """Thousands of rows in each, of forty accounts, of which few still wait for anything."""
    for user_id in PEOPLE:
        make_account(user_id)
    with transaction():
        for table, own in OWN.items():
            template = VALID[table.__tablename__]
            rows = [
                {**template, **common(template, number), **own(number)} for number in range(ROWS)
            ]
            insert_rows(table, rows)
    let_planner_know(list(Base.metadata.sorted_tables))


def moment(number: int) -> datetime:
    return NOW - timedelta(minutes=ROWS - number)


def common(template: Row, number: int) -> Row:
    whose = {"user_id": PEOPLE[number % len(PEOPLE)]} if "user_id" in template else {}
    written = {"created_at": moment(number)} if "created_at" in template else {}
    return {"id": 1_000 + number, **whose, **written}


def waits(number: int) -> bool:
    return number % 200 == 0


def invoice(number: int) -> Row:
    at, paid = moment(number), not waits(number)
    return {
        **{"public_id": f"inv-{number}", "invoice_number": f"INV-{number}", "kind": "topup"},
        **{"plan_change_id": None, "issued_at": at, "due_at": at, "paid_at": at if paid else None},
        "status": "paid" if paid else "issued",
    }


def payment(number: int) -> Row:
    at, undecided = moment(number), waits(number)
    return {
        **{"public_id": f"pay-{number}", "idempotency_key": f"k{number}"},
        **{"provider_session": f"cs-{number}", "provider_payment": f"pi-{number}"},
        **{"invoice_id": 1_000 + number, "status": "pending" if undecided else "failed"},
        **{"is_overpayment": False, "refunded_minor": 0, "updated_at": at},
    }


def mail(number: int) -> Row:
    refused = {"refused_at": NOW, "refusal": "no"} if waits(number) else {}
    sent = {"refused_at": None, "refusal": None, **refused}
    return {"source": f"mail-{number}", "sent_at": None if refused else NOW, **sent}


OWN: dict[type[Base], Callable[[int], Row]] = {
    Invoice: invoice,
    Payment: payment,
    Mail: mail,
    TokenEntry: lambda number: {"source": f"grant-{number}"},
    JournalEntry: lambda number: {
        "happened_at": moment(number),
        "action": f"act-{number % 50}",
        "actor": f"customer:{number % 50}",
        "user_id": PEOPLE[number % len(PEOPLE)],
    },
    OutboxEntry: lambda number: {"next_try_at": moment(number) if waits(number) else None},
}


def ada() -> Account:
    return account(ADA)


QUESTIONS: dict[str, tuple[Callable[[], object], Index]] = {
    "an account's invoices": (
        lambda: invoices.invoices_page(ada(), page=1, page_size=10, now=NOW),
        ("invoices", "user_id", "issued_at", "id"),
    ),
    "the newest invoices": (
        lambda: searching.invoices_found(now=NOW, limit=50),
        ("invoices", "issued_at", "id"),
    ),
    "the newest payments": (
        lambda: paying.payments_found(now=NOW, limit=50),
        ("payments", "created_at", "id"),
    ),
    "payments of an invoice": (
        lambda: payments.attempts_count(session.get_one(Invoice, 1_005)),
        ("payments", "invoice_id"),
    ),
    "an account's mails": (lambda: mails.mails_of(ada()), ("mails", "user_id", "id")),
    "mails that were refused": (lambda: mails.refused_mails(limit=50), ("mails", "id")),
    "an account's ledger": (
        lambda: tokens.entries_page(ada(), page=1, page_size=50),
        ("token_entries", "user_id", "created_at", "id"),
    ),
    "acts of a kind": (
        lambda: journal.find_last("act-7"),
        ("journal_entries", "action", "id"),
    ),
    "acts of somebody": (
        lambda: journal.entries(limit=50, actor="customer:7"),
        ("journal_entries", "actor", "id"),
    ),
    "acts about an account": (
        lambda: journal.entries(limit=50, user_id=ADA),
        ("journal_entries", "user_id", "id"),
    ),
    "what is due": (lambda: outbox.backlog(now=NOW), ("outbox_entries", "next_try_at")),
}


def test_each_question_is_answered_through_its_index() -> None:
    wrong = {}
    for asked, (ask, index) in QUESTIONS.items():
        with plans() as found:
            ask()
        assert found.asked
        if index not in found.indexes or index[0] in found.whole:
            wrong[asked] = (found.whole, found.indexes)
    assert wrong == {}
