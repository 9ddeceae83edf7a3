"""Links by mail: good once, for their purpose, for their time."""

from datetime import timedelta

import pytest

from app.domain.accounts import mail_tokens
from app.domain.accounts.access_models import MailToken
from app.domain.accounts.errors import LinkInvalid
from app.domain.accounts.mail_tokens import LASTS, MadeToken, Purpose
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from tests.moments import NOW

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def make(account: Account, purpose: Purpose, *, now=NOW, email: str = "a@example.com") -> MadeToken:
    with transaction():
        return mail_tokens.make(account, purpose, email=email, now=now)


def take(token: MadeToken, purpose: Purpose, *, now=NOW) -> mail_tokens.Link:
    with transaction():
        return mail_tokens.take(token.text, purpose, now=now)


@pytest.mark.parametrize("purpose", Purpose)
class TestEach:
    def test_is_taken_once(self, ada: Account, purpose: Purpose) -> None:
        made = make(ada, purpose)
        assert mail_tokens.find(made.text, set(Purpose), now=NOW).user_id == "ada"
        link = take(made, purpose)
        assert (link.user_id, link.purpose, link.email) == ("ada", purpose, "a@example.com")
        with pytest.raises(LinkInvalid):
            take(made, purpose)
        with pytest.raises(LinkInvalid):
            mail_tokens.find(made.text, {purpose}, now=NOW)

    def test_ends(self, ada: Account, purpose: Purpose) -> None:
        made = make(ada, purpose)
        assert made.expires_at == NOW + LASTS[purpose]
        with pytest.raises(LinkInvalid):
            take(made, purpose, now=made.expires_at)
        take(made, purpose, now=made.expires_at - SECOND)

    def test_serves_no_other_purpose(self, ada: Account, purpose: Purpose) -> None:
        made = make(ada, purpose)
        for other in set(Purpose) - {purpose}:
            with pytest.raises(LinkInvalid):
                take(made, other)

    def test_is_not_in_the_database(self, ada: Account, purpose: Purpose) -> None:
        made = make(ada, purpose)
        row = session.query(MailToken).one()
        assert made.text not in (row.digest, row.email)
        with pytest.raises(LinkInvalid):
            mail_tokens.find(row.digest, {purpose}, now=NOW)


def test_a_reset_lasts_an_hour() -> None:
    assert LASTS[Purpose.RESET_PASSWORD] == timedelta(hours=1)


def test_a_later_one_takes_the_place_of_the_one_before(ada: Account, ben: Account) -> None:
    bens = make(ben, Purpose.VERIFY_EMAIL)
    before = make(ada, Purpose.VERIFY_EMAIL)
    make(ada, Purpose.VERIFY_EMAIL)
    with pytest.raises(LinkInvalid):
        take(before, Purpose.VERIFY_EMAIL)
    take(bens, Purpose.VERIFY_EMAIL)


def test_an_undo_ends_the_later_ones_alone(ada: Account) -> None:
    first, second, third = (make(ada, Purpose.UNDO_EMAIL) for _ in range(3))
    link = take(second, Purpose.UNDO_EMAIL)
    with transaction():
        mail_tokens.void_undoing_after(link, now=NOW)
    with pytest.raises(LinkInvalid):
        take(third, Purpose.UNDO_EMAIL)
    take(first, Purpose.UNDO_EMAIL)


@pytest.mark.parametrize(("after", "lately"), [(59 * SECOND, True), (60 * SECOND, False)])
def test_is_made_once_a_minute(ada: Account, ben: Account, after, lately) -> None:
    make(ada, Purpose.VERIFY_EMAIL)
    at = NOW + after
    assert mail_tokens.was_made_lately(ada, Purpose.VERIFY_EMAIL, now=at) is lately
    assert not mail_tokens.was_made_lately(ada, Purpose.RESET_PASSWORD, now=at)
    assert not mail_tokens.was_made_lately(ben, Purpose.VERIFY_EMAIL, now=at)


@pytest.mark.parametrize(("until", "ends"), [(SECOND, SECOND), (2 * DAY, DAY)])
def test_ends_no_later_than_what_it_is_about(ada: Account, until, ends) -> None:
    with transaction():
        made = mail_tokens.make(
            ada, Purpose.RELEASE_EMAIL, email="a@example.com", now=NOW, until=NOW + until
        )
    assert made.expires_at == NOW + ends
    link = mail_tokens.find(made.text, {Purpose.RELEASE_EMAIL}, now=NOW)
    assert mail_tokens.again(link, made.text) == made


def test_forgets_what_has_not_worked_for_long(ada: Account) -> None:
    make(ada, Purpose.RESET_PASSWORD)
    for at, left in [(NOW + 30 * DAY, 1), (NOW + 31 * DAY, 0)]:
        with transaction():
            mail_tokens.forget_old(now=at)
        assert session.query(MailToken).count() == left
