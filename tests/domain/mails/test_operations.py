"""Mails are written once for what they are about, to the address of that moment."""

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.mails.models import Mail
from app.domain.mails.operations import (
    SEND_MAIL,
    Letter,
    note_kept,
    note_refused,
    note_sent,
    write,
    write_all,
)
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel


def written(account: Account, *, about: str = "7") -> bool:
    with transaction():
        return write("invoice_issued", account, about=about, facts={"amount_minor": 5}, now=NOW)


def test_promises_to_send_what_it_keeps(ada: Account) -> None:
    assert written(ada)
    mail = session.query(Mail).one()
    assert (mail.user_id, mail.kind, mail.address) == ("ada", "invoice_issued", "ada@example.com")
    assert mail.facts == {"amount_minor": 5}
    assert mail.sent_at is None
    promise = session.query(OutboxEntry).one()
    assert (promise.kind, promise.payload) == (SEND_MAIL, {"mail": mail.id})


def test_writes_once_about_the_same(ada: Account) -> None:
    assert [written(ada), written(ada), written(ada, about="8")] == [True, False, True]
    assert session.query(Mail).count() == 2
    assert session.query(OutboxEntry).count() == 2


@pytest.mark.parametrize(("chosen", "address"), [("b@x.org", "b@x.org"), (None, "ada@example.com")])
def test_prefers_the_billing_address(ada: Account, chosen: str | None, address: str) -> None:
    with transaction():
        settings_of(ada).billing_email = chosen
    written(ada)
    assert session.query(Mail).one().address == address


class TestWhatBecameOfIt:
    @pytest.mark.parametrize(
        ("note", "ended"),
        [
            (lambda mail: note_sent(mail, now=NOW), "sent_at"),
            (lambda mail: note_kept(mail, now=NOW), "kept_at"),
            (lambda mail: note_refused(mail, reason="550", now=NOW), "refused_at"),
        ],
    )
    def test_is_noted_once(self, ada: Account, note, ended: str) -> None:
        written(ada)
        mail = session.query(Mail).one()
        assert not mail.is_settled
        with transaction():
            note(mail.id)
        with transaction():
            note_sent(mail.id, now=NOW)
            note_kept(mail.id, now=NOW)
            note_refused(mail.id, reason="later", now=NOW)
        mail = session.query(Mail).populate_existing().one()
        ends = {name: getattr(mail, name) for name in ("sent_at", "kept_at", "refused_at")}
        assert {name for name, moment in ends.items() if moment} == {ended}
        assert mail.refusal == ("550" if ended == "refused_at" else None)
        assert mail.is_settled


class TestWriteAll:
    def letters(self, *abouts: str) -> list[Letter]:
        return [Letter("invoice_reminder", "ada", "a@x.org", about, {}) for about in abouts]

    def write(self, *abouts: str) -> int:
        with transaction():
            return write_all(self.letters(*abouts), now=NOW)

    def test_counts_only_those_that_are_new(self, ada: Account) -> None:
        assert [self.write("1", "2"), self.write("2", "3"), self.write("2"), self.write()] == [
            *(2, 1, 0, 0)
        ]
        mails = session.query(Mail).order_by(Mail.id).all()
        assert {mail.source for mail in mails} == {f"invoice_reminder:{n}" for n in (1, 2, 3)}
        promised = sorted(entry.payload["mail"] for entry in session.query(OutboxEntry))
        assert promised == [mail.id for mail in mails]

    def test_writes_the_same_of_one_batch_once(self, ada: Account) -> None:
        assert self.write("1", "1") == 1
        assert session.query(OutboxEntry).count() == 1

    def test_takes_four_statements_however_many(self, ada: Account) -> None:
        letters = self.letters(*(str(number) for number in range(30)))
        with transaction(), statements() as sent:
            write_all(letters, now=NOW)
        assert len(sent) == 4

    def test_two_at_once_write_one(self, app: Flask, ada: Account) -> None:
        assert sum(in_parallel(app, [lambda: self.write("1", "2")] * 4)) == 2
        assert session.query(Mail).count() == 2
