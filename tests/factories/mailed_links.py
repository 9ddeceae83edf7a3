"""What stands in mails that were written: the tokens of their links, opened."""

from app.domain.accounts.devices import Visitor
from app.domain.mails.links import LINK
from app.domain.mails.models import Mail
from app.foundation.database import session
from app.foundation.sealing import seal_of
from tests.databases import SECRET_KEY

SEAL = seal_of(SECRET_KEY)
VISITOR = Visitor("Firefox on Linux", "203.0.113.7")


def token_in(kind: str, fact: str = "sealed_link") -> str:
    """Return the token in the latest mail of this kind; some carry two."""
    mail = session.query(Mail).filter_by(kind=kind).order_by(Mail.id.desc()).first()
    assert mail is not None, f"no mail of the kind {kind}"
    return SEAL.open(str(mail.facts[fact]), about=LINK)


def mails_to(address: str) -> list[str]:
    """Return the kinds of the mails to this address, oldest first."""
    written = session.query(Mail).filter_by(address=address).order_by(Mail.id)
    return [mail.kind for mail in written]
