"""Registering by mail: the same for everyone, but for whoever reads the mail."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations
from app.domain.accounts.errors import EmailInvalid, TimezoneUnknown, WrongCredentials
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows.register_by_mail import ask_to_register, register_by_mail
from app.workflows.reset_password import reset_password
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.moments import NOW
from tests.statements import statements

PASSWORD = "correct horse battery staple"
DAY = timedelta(days=1)
NEW, KNOWN = "new@example.com", "ada@example.com"


def register(email: str, *, now=NOW) -> None:
    with transaction():
        register_by_mail(email, timezone="Europe/Berlin", visitor=VISITOR, seal=SEAL, now=now)


class TestAsk:
    def test_does_the_same_whoever_has_the_address(self, ada: Account) -> None:
        counts = []
        for email in (KNOWN, NEW):
            with statements() as sent, transaction():
                ask_to_register(email, timezone="UTC", locale="en", visitor=VISITOR, now=NOW)
            counts.append(len(sent))
        assert counts == [1, 1]
        assert session.query(OutboxEntry).filter_by(kind="register").count() == 2
        assert session.query(Mail).count() == 0 and session.query(Account).count() == 1

    def test_refuses_what_is_wrong_for_everyone(self, ada: Account) -> None:
        with pytest.raises(EmailInvalid), transaction():
            ask_to_register("nowhere", timezone="UTC", locale="en", visitor=VISITOR, now=NOW)
        with pytest.raises(TimezoneUnknown), transaction():
            ask_to_register(KNOWN, timezone="Mars/Olympus", locale="en", visitor=VISITOR, now=NOW)


class TestRegister:
    def test_opens_an_account_whose_password_is_chosen_by_mail(self, app) -> None:
        register(NEW)
        account = session.query(Account).filter_by(email=NEW).one()
        assert (account.password_hash, account.timezone) == (None, "Europe/Berlin")
        with transaction():
            token = token_in("finish_registration")
            reset_password(token, PASSWORD, visitor=VISITOR, now=NOW)
        assert operations.check_credentials(NEW, PASSWORD).email_verified_at == NOW

    def test_speaks_the_language_of_the_page_that_asked(self, app) -> None:
        with transaction():
            ask_to_register(NEW, timezone="UTC", locale="zh", visitor=VISITOR, now=NOW)
        assert session.query(OutboxEntry).one().payload["locale"] == "zh"
        with transaction():
            register_by_mail(NEW, timezone="UTC", locale="zh", visitor=VISITOR, seal=SEAL, now=NOW)
        assert session.query(Account).filter_by(email=NEW).one().locale == "zh"

    def test_nobody_signs_in_before_the_mail_was_read(self, app) -> None:
        register(NEW)
        for password in (PASSWORD, ""):
            with pytest.raises(WrongCredentials):
                operations.check_credentials(NEW, password)

    def test_sends_the_link_again_but_not_twice_within_a_minute(self, app) -> None:
        for after in (0, 59, 60):
            register(NEW, now=NOW + timedelta(seconds=after))
        assert mails_to(NEW) == ["finish_registration"] * 2
        assert session.query(Account).count() == 1

    def test_tells_the_owner_once_a_day(self, ada: Account) -> None:
        for after in (0 * DAY, timedelta(hours=1), DAY):
            register(KNOWN, now=NOW + after)
        assert mails_to(KNOWN) == ["registration_tried"] * 2
        assert session.query(Account).count() == 1
