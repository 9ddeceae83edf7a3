"""Mails with a link that lets its reader do something: written so that only the mail tells it."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts.mail_tokens import MadeToken
from app.domain.accounts.models import Account
from app.domain.mails import operations
from app.foundation.sealing import Seal

# What a sealed token in a mail's facts is about.
LINK = "a link in a mail"


def write_with_link(
    kind: str,
    account: Account,
    token: MadeToken,
    *,
    to: str,
    seal: Seal,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write a mail that carries the token; what the database keeps of it is sealed."""
    sealed = {
        "sealed_link": seal.close(token.text, about=LINK),
        "expires_at": token.expires_at.isoformat(),
    }
    told = {**(facts or {}), **sealed}
    operations.write_to(to, kind, account, about=str(token.id), facts=told, now=now)
