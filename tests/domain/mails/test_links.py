"""Mails with a link: the database keeps nothing that opens it."""

from app.domain.accounts import mail_tokens
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.mails.links import LINK, write_with_link
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.sealing import seal_of
from tests.moments import NOW

SEAL = seal_of("a secret key that is long enough")


def test_keeps_the_token_sealed(ada: Account) -> None:
    with transaction():
        made = mail_tokens.make(ada, Purpose.VERIFY_EMAIL, email=ada.email, now=NOW)
        write_with_link(
            "verify_email", ada, made, to="new@example.com", seal=SEAL, now=NOW, facts={"n": 1}
        )
    mail = session.query(Mail).one()
    assert (mail.kind, mail.address, mail.facts["n"]) == ("verify_email", "new@example.com", 1)
    assert made.text not in str(mail.facts) + mail.source
    assert SEAL.open(mail.facts["sealed_link"], about=LINK) == made.text
