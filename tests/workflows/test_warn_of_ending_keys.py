"""Whoever uses a key that is about to end hears of it, once."""

from datetime import timedelta

from flask import Flask

from app.domain.accounts.models import Account, Key
from app.domain.mails.models import Mail
from app.foundation.database import end_reading, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows import warn_of_ending_keys as warning
from app.workflows.warn_of_ending_keys import warn_of_ending_keys
from tests.factories.accounts import make_key
from tests.factories.mailed_links import mails_to
from tests.moments import NOW
from tests.threads import in_parallel

DAY = timedelta(days=1)


def make(user_id: str | None = "ada", *, kind: KeyKind = KeyKind.CUSTOMER, **changes: object):
    given = {"expires_at": NOW + 7 * DAY, "last_used_at": NOW - DAY, **changes}
    return make_key(kind, user_id=user_id, now=NOW - 60 * DAY, **given)


def warn(now=NOW) -> int:
    with transaction():
        return warn_of_ending_keys(now=now)


def test_writes_once(ada: Account, ben: Account) -> None:
    make()
    make("ben", expires_at=NOW + 8 * DAY)
    assert [warn(), warn(), warn(NOW + DAY // 2)] == [1, 0, 0]
    assert mails_to("ada@example.com") == ["key_ending"] and not mails_to("ben@example.com")
    assert warn(NOW + DAY) == 1 and mails_to("ben@example.com") == ["key_ending"]
    facts = session.query(Mail).filter_by(user_id="ada").one().facts
    assert facts["ends_at"] == (NOW + 7 * DAY).isoformat()


def test_warns_nobody_who_has_just_chosen_that_end(ada: Account) -> None:
    made = make()
    key = session.query(Key).filter_by(public_id=made.public_id).one()
    key.created_at = NOW
    session.commit()
    assert [warn(), warn()] == [1, 0] and not mails_to("ada@example.com")


def test_tells_every_operator_of_a_gateway_s(olga: Account) -> None:
    make(None, kind=KeyKind.GATEWAY)
    assert warn() == 1 and mails_to("olga@example.com") == ["key_ending"]


def test_takes_them_a_part_at_a_time(ada: Account, monkeypatch) -> None:
    monkeypatch.setattr(warning, "AT_ONCE", 2)
    for _ in range(3):
        make()
    assert [warn(), warn(), warn()] == [2, 1, 0]
    assert mails_to("ada@example.com") == ["key_ending"] * 3


def test_two_workers_write_one_mail(app: Flask, ada: Account) -> None:
    make()
    end_reading()
    in_parallel(app, [warn] * 4)
    assert mails_to("ada@example.com") == ["key_ending"]
