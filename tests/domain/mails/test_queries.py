"""Each customer finds his own mails, and nobody else's."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.mails import queries
from app.domain.mails.errors import UnknownMail
from app.foundation.database import session, transaction
from tests.factories.mails import make_mail
from tests.moments import NOW


def test_lists_the_accounts_mails_newest_first(ada: Account, ben: Account) -> None:
    first = make_mail(ada, "plan_expired")
    make_mail(ben, "plan_expired", about="2")
    second = make_mail(ada, "coupon_redeemed")
    found = queries.mails_of(ada, limit=2)
    assert [mail.id for mail in found.rows] == [second.id, first.id]
    assert found.older_before is None
    newest = queries.mails_of(ada, limit=1)
    assert [mail.id for mail in newest.rows] == [second.id]
    older = queries.mails_of(ada, limit=1, before=newest.older_before)
    assert [mail.id for mail in older.rows] == [first.id]


def test_lists_only_the_kinds_that_are_asked_for(ada: Account) -> None:
    ended = make_mail(ada, "plan_expired")
    make_mail(ada, "coupon_redeemed")
    for kinds, expected in ((["plan_expired"], [ended.id]), (["new_device"], [])):
        found = queries.mails_of(ada, limit=9, kinds=kinds)
        assert [mail.id for mail in found.rows] == expected


def test_counts_what_was_written_since_a_moment(ada: Account, ben: Account) -> None:
    for number, (account, ago) in enumerate([(ada, 1), (ada, 0), (ada, 0), (ben, 0)]):
        make_mail(account, about=str(number), now=NOW - timedelta(hours=ago))
    make_mail(ada, "coupon_redeemed")
    assert queries.count_since(ada, kinds=["plan_expired"], since=NOW) == 2
    assert queries.count_since(ada, kinds=["plan_expired", "coupon_redeemed"], since=NOW) == 3
    assert queries.count_since(ada, kinds=["new_device"], since=NOW) == 0


def test_finds_what_was_chosen(ada: Account, ben: Account) -> None:
    adas, bens = make_mail(ada), make_mail(ben, about="2")
    with transaction():
        session.add(adas)
        adas.refused_at, adas.refusal = NOW, "550"

    def found(choice: queries.Choice, user_id: str | None = None) -> list[str]:
        rows = queries.mails_found(choice, limit=9, user_id=user_id).rows
        return [mail.user_id for mail in rows]

    assert found(queries.Choice.REFUSED) == ["ada"]
    assert found(queries.Choice.ALL) == ["ben", "ada"]
    assert found(queries.Choice.ALL, "ben") == [bens.user_id]
    assert found(queries.Choice.REFUSED, "ben") == []


def test_finds_no_mail_of_a_stranger(ada: Account, ben: Account) -> None:
    mail = make_mail(ada)
    assert queries.mail_of(ada, mail.id).kind == "plan_expired"
    for account, mail_id in [(ben, mail.id), (ada, mail.id + 1)]:
        with pytest.raises(UnknownMail):
            queries.mail_of(account, mail_id)


def test_finds_what_is_to_be_sent(ada: Account) -> None:
    mail = make_mail(ada)
    assert queries.mail(mail.id).source == "plan_expired:1"
    with pytest.raises(UnknownMail):
        queries.mail(mail.id + 1)
