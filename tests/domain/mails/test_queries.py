"""Each customer finds his own mails, and nobody else's."""

import pytest

from app.domain.accounts.models import Account
from app.domain.mails import queries
from app.domain.mails.errors import UnknownMail
from tests.factories.mails import make_mail


def test_lists_the_accounts_mails_newest_first(ada: Account, ben: Account) -> None:
    first = make_mail(ada, "plan_expired")
    make_mail(ben, "plan_expired", about="2")
    second = make_mail(ada, "coupon_redeemed")
    assert [mail.id for mail in queries.mails_of(ada)] == [second.id, first.id]


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
