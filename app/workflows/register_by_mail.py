"""Register by mail: whoever asks is answered alike, and only the mailbox learns what is so."""

from datetime import datetime

from app.domain.accounts import mail_tokens, queries, rules
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.mails import operations as mails
from app.domain.mails.links import write_with_link
from app.foundation import outbox
from app.foundation.languages import ENGLISH
from app.foundation.sealing import Seal
from app.workflows.sign_up import sign_up

REGISTER = "register"


def ask_to_register(
    email: str, *, timezone: str, locale: str, visitor: Visitor, now: datetime
) -> None:
    """Promise to open an account for the address, or to tell its owner that there is one.

    Nobody has looked when this returns: neither words nor time tell whether the address is known.
    A new account, and what is written to it, speak the language of the page that asked.
    Raises EmailInvalid and TimezoneUnknown.
    """
    asked = {"email": rules.normal_email(email), "timezone": rules.check_zone(timezone)}
    asked["locale"] = locale
    came = {"device": visitor.device, "address": visitor.address}
    outbox.add(REGISTER, {**asked, **came}, now=now)


def register_by_mail(
    email: str,
    *,
    timezone: str,
    locale: str = ENGLISH,
    visitor: Visitor,
    seal: Seal,
    now: datetime,
) -> None:
    """Open an account whose owner chooses its password by mail, or tell the owner of the one there.

    Nobody can sign in to it before the mail was read, so nobody else has chosen its password.
    """
    found = queries.find_account_by_email(email)
    if found is None:
        account = sign_up(email, now=now, timezone=timezone, locale=locale)
    else:
        account = accounts.lock_in_use(found.id)
    if account.is_unclaimed:
        _send_link(account, seal=seal, now=now)
    else:
        _tell_of_try(account, visitor=visitor, now=now)


def _send_link(account: Account, *, seal: Seal, now: datetime) -> None:
    if mail_tokens.are_enough(account, Purpose.RESET_PASSWORD, now=now):
        return
    token = mail_tokens.make(account, Purpose.RESET_PASSWORD, email=account.email, now=now)
    write_with_link("finish_registration", account, token, to=account.email, seal=seal, now=now)


def _tell_of_try(account: Account, *, visitor: Visitor, now: datetime) -> None:
    """Tell the owner, once a day: nobody fills another's mailbox by pressing a button."""
    facts = {"device": visitor.device, "address": visitor.address, "at": now.isoformat()}
    about = f"{account.id}:{now:%Y-%m-%d}"
    mails.write_to(account.email, "registration_tried", account, about=about, facts=facts, now=now)
