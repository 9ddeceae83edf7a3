"""An address that a stranger has registered is kept from nobody whose mailbox it is."""

import pytest

from app.domain.accounts import queries
from app.domain.accounts.errors import EmailTaken, LinkInvalid
from app.domain.accounts.models import Account
from app.foundation.database import session, transaction
from app.workflows.free_address import free_address
from app.workflows.register_by_mail import register_by_mail
from app.workflows.reset_password import reset_password
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.email_changes import (
    NEW,
    OLD,
    ask,
    confirm_new,
    confirm_old,
    never_verified,
    undo,
)
from tests.factories.mailed_links import SEAL, VISITOR, mails_to, token_in
from tests.factories.usage import make_usage
from tests.moments import NOW


def register(email: str) -> Account:
    """Register an address, as anybody may."""
    with transaction():
        register_by_mail(email, timezone="UTC", visitor=VISITOR, seal=SEAL, now=NOW)
    return session.query(Account).filter_by(email=email).one()


def free(email: str) -> None:
    with transaction():
        free_address(email, now=NOW)


class TestRegisteredByStrangers:
    def test_the_old_address_can_undo_a_change_all_the_same(self, ada: Account) -> None:
        never_verified(ada)
        ask(ada)
        confirm_new()
        squatter = register(OLD)
        tokens = token_in("email_left"), token_in("finish_registration")
        undo(tokens[0])
        assert (ada.email, ada.email_verified_at) == (OLD, NOW)
        assert squatter.erased_at == NOW and queries.find_account_by_email(OLD) is ada
        with pytest.raises(LinkInvalid), transaction():
            reset_password(tokens[1], "an entirely other one", visitor=VISITOR, now=NOW)
        check_books()

    def test_whoever_reads_its_mails_can_take_it(self, ada: Account) -> None:
        squatter = register(NEW)
        ask(ada)
        assert mails_to(NEW) == ["finish_registration", "confirm_email"]
        assert confirm_new().left is not None
        # Until the change is made it may be claimed.
        assert squatter.erased_at is None
        confirm_old()
        assert ada.email == NEW and squatter.erased_at == NOW


class TestSomebodys:
    @pytest.mark.parametrize("because", ["it has a password", "its mails are read", "it has used"])
    def test_is_kept(self, ada: Account, because: str) -> None:
        squatter = register(NEW)
        if because == "it has used":
            make_usage(squatter.id)
        with transaction():
            if because == "it has a password":
                squatter.password_hash = "$argon2id$…"
            elif because == "its mails are read":
                squatter.email_verified_at = NOW
        with pytest.raises(EmailTaken):
            free(NEW)
        assert squatter.erased_at is None and squatter.email == NEW
        ask(ada)
        assert "confirm_email" not in mails_to(NEW)

    def test_what_is_free_stays_free(self, ada: Account) -> None:
        make_account("eve", email="eve@example.com")
        free(NEW)
        assert session.query(Account).filter(Account.erased_at.is_not(None)).count() == 0
