"""The long tables: whatever is asked of them is found through an index, and each index is asked."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.domain.accounts import deletion, key_lists, mail_tokens, sessions
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.queries import account, keys_of
from app.domain.alerts import queries as alerts
from app.domain.catalog import price_lists
from app.domain.coupons import operations as redeeming
from app.domain.coupons import queries as coupons
from app.domain.invoices import chasing, credit_notes, freshness, searching
from app.domain.invoices import operations as invoicing
from app.domain.invoices import queries as invoices
from app.domain.invoices.models import Invoice
from app.domain.mails import queries as mails
from app.domain.payments import cards, dispute_files, disputes, refunds, waiting
from app.domain.payments import queries as payments
from app.domain.payments import searching as paying
from app.domain.payments.gateway import DisputeStatus
from app.domain.reporting import attention, own_rows
from app.domain.reporting import queries as reporting
from app.domain.reporting.own_tables import BY_NAME
from app.domain.tokens import queries as tokens
from app.foundation import idempotency, journal, outbox
from app.foundation.database import Base, session
from tests.domain.usage.test_models import QUESTIONS as OF_USAGE
from tests.factories.accounts import make_account
from tests.factories.long_tables import FIRST, make_long_tables
from tests.moments import NOW
from tests.plans import Index, plans

PEOPLE = [f"user-{number:02}" for number in range(40)]
ADA = PEOPLE[5]


@pytest.fixture
def long_tables(app: Flask) -> None:
    """Thousands of rows in each, of forty accounts, of which few still wait for anything."""
    for user_id in PEOPLE:
        make_account(user_id)
    make_long_tables(PEOPLE)


def ada() -> Account:
    return account(ADA)


def an_invoice() -> Invoice:
    return session.get_one(Invoice, FIRST + 5)


def own(table: str) -> Callable[[], object]:
    """Ask for what an account may take with it of a table."""
    return lambda: list(own_rows.each_row(ada(), BY_NAME[table]))


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
        lambda: payments.attempts_count(an_invoice()),
        ("payments", "invoice_id"),
    ),
    "an account's mails": (lambda: mails.mails_of(ada(), limit=50), ("mails", "user_id", "id")),
    "mails that were refused": (
        lambda: mails.mails_found(limit=50),
        ("mails", "ix_mails_refused"),
    ),
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
    "who is to be erased": (
        lambda: deletion.due(now=NOW, limit=50),
        ("accounts", "ix_accounts_to_be_erased"),
    ),
    "an account's keys": (lambda: keys_of(ada()), ("keys", "user_id")),
    "keys that end soon": (
        lambda: key_lists.about_to_end(now=NOW, limit=50),
        ("keys", "expires_at"),
    ),
    "where an account is signed in": (
        lambda: sessions.open_sessions(ada(), now=NOW),
        ("sessions", "user_id", "id"),
    ),
    "sessions that ended long ago": (
        lambda: sessions.forget_old(now=NOW),
        ("sessions", "ends_at"),
    ),
    "links of an account": (
        lambda: mail_tokens.are_enough(ada(), Purpose.VERIFY_EMAIL, now=NOW),
        ("mail_tokens", "user_id", "id"),
    ),
    "links that ended long ago": (
        lambda: mail_tokens.forget_old(now=NOW),
        ("mail_tokens", "expires_at"),
    ),
    "requests of long ago": (
        lambda: idempotency.forget_old(now=NOW),
        ("idempotency_keys", "created_at"),
    ),
    "the names of a model": (
        lambda: price_lists.find_model("gpt-4"),
        ("model_aliases", "model_id"),
    ),
    "the newest coupons": (lambda: coupons.coupons(limit=50), ("coupons", "created_at", "id")),
    "an account's coupons": (
        lambda: coupons.redemptions_of(ada()),
        ("coupon_usages", "user_id", "redeemed_at"),
    ),
    "what coupons took off an invoice": (
        lambda: redeeming.give_back(FIRST + 5, now=NOW),
        ("coupon_applications", "invoice_id"),
    ),
    "codes tried in vain": (
        lambda: coupons.guesses("NOSUCH", ada(), now=NOW),
        ("coupon_guesses", "user_id", "guessed_at"),
    ),
    "an account's subscriptions": (own("subscriptions"), ("subscriptions", "user_id", "status")),
    "bought tokens that are left": (
        lambda: tokens.ledger(ada()),
        ("token_entries", "user_id", "created_at", "id"),
    ),
    "what was carried to an invoice": (
        lambda: invoicing.let_wait_again(an_invoice()),
        ("carried_amounts", "invoice_id"),
    ),
    "what waits to be invoiced to an account": (
        lambda: reporting.debts(ada(), now=NOW),
        ("carried_amounts", "user_id", "invoice_id"),
    ),
    "an account's invoice of a month": (
        lambda: reporting.debts(ada(), now=NOW),
        ("invoices", "user_id", "billing_month"),
    ),
    "invoices that are overdue": (
        lambda: chasing.reminders_due(now=NOW, limit=50),
        ("invoices", "status", "due_at"),
    ),
    "an invoice's credit notes": (
        lambda: credit_notes.notes_of(an_invoice()),
        ("credit_notes", "invoice_id"),
    ),
    "an account's credit notes": (
        lambda: freshness.has_changed_since(ada(), NOW),
        ("credit_notes", "user_id"),
    ),
    "an account's credit": (own("credit_ledger"), ("credit_entries", "user_id", "id")),
    "an account's payments": (
        lambda: payments.latest_payments(ada(), limit=10),
        ("payments", "user_id", "created_at"),
    ),
    "payments nothing was heard of": (
        lambda: payments.silent_attempts(now=NOW, limit=50),
        ("payments", "status", "updated_at"),
    ),
    "payments for nothing": (
        lambda: attention.attention(now=NOW),
        ("payments", "ix_payments_overpayments"),
    ),
    "an account's cards": (lambda: cards.cards_of(ada(), now=NOW), ("payment_methods", "user_id")),
    "refunds nothing was heard of": (
        lambda: refunds.silent_refunds(now=NOW, limit=50),
        ("refunds", "status", "updated_at"),
    ),
    "disputes of an account": (lambda: disputes.has_open_dispute(ADA), ("disputes", "user_id")),
    "disputes that are open": (
        lambda: dispute_files.disputes_found({DisputeStatus.OPEN}, limit=50),
        ("disputes", "status", "id"),
    ),
    "events that wait, the newest": (
        lambda: payments.events(status="waiting", limit=5),
        ("provider_events", "status", "id"),
    ),
    "events that wait, by their turn": (
        waiting.waiting_events,
        ("provider_events", "status", "next_try_at"),
    ),
    "what an account was told": (
        lambda: alerts.history(ada(), page=1, page_size=9),
        ("alerts", "user_id", "crossed_at"),
    ),
}


def test_each_question_is_answered_through_its_index(long_tables: None) -> None:
    wrong = {}
    for asked, (ask, index) in QUESTIONS.items():
        with plans() as found:
            ask()
        assert found.asked
        if index not in found.indexes or index[0] in found.whole:
            wrong[asked] = (found.whole, found.indexes)
        session.rollback()
    assert wrong == {}


def test_each_index_has_its_question() -> None:
    asked = {index for _, index in (*QUESTIONS.values(), *OF_USAGE.values())}
    tables = Base.metadata.sorted_tables
    # What holds a rule is there for the rule.
    made = [index for table in tables for index in table.indexes if not index.unique]
    assert [index.name for index in made if as_planned(index) not in asked] == []


def as_planned(index: sa.Index) -> Index:
    """Return how plans call it."""
    table, name = str(index.table), str(index.name)
    if index.dialect_options["sqlite"]["where"] is not None:
        return (table, name)
    return (table, *(column.name for column in index.columns))
