"""Mails go out: put into words, with their documents, to the server or to their page."""

from collections.abc import Mapping
from typing import cast

from flask import current_app

from app import wiring
from app.config import Settings
from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import filing
from app.domain.invoices.documents import DocumentKind
from app.domain.mails import operations, queries
from app.domain.mails.delivery import Attachment, Envelope
from app.domain.mails.errors import AddressRefused
from app.domain.mails.models import Mail
from app.entrypoints.documents import MEDIA_TYPE, file_name
from app.entrypoints.letters import write_letter
from app.foundation import clock
from app.foundation.database import end_reading, transaction

# Which document of the invoice they name goes along.
DOCUMENTS = {
    "invoice_issued": DocumentKind.INVOICE,
    "invoice_paid": DocumentKind.RECEIPT,
    "tokens_bought": DocumentKind.RECEIPT,
}


def send_mail(payload: Mapping[str, object]) -> None:
    """Send a mail that was written; without a mail server keep it. Once it is done, do nothing."""
    settings: Settings = current_app.config["SETTINGS"]
    mail_id = cast(int, payload["mail"])
    mail = queries.mail(mail_id)
    if mail.is_settled:
        return
    mailer = wiring.mailer(settings)
    if mailer is None:
        with transaction():
            operations.note_kept(mail_id, now=clock.now())
        return
    envelope = _envelope(mail, accounts.account(mail.user_id), settings)
    # A server may take its time: nothing is held meanwhile.
    end_reading()
    try:
        mailer.send(envelope)
    except AddressRefused as refusal:
        with transaction():
            operations.note_refused(mail_id, reason=refusal.message, now=clock.now())
    else:
        with transaction():
            operations.note_sent(mail_id, now=clock.now())


def _envelope(mail: Mail, account: Account, settings: Settings) -> Envelope:
    letter = write_letter(mail, account, settings=settings)
    return Envelope(
        reference=f"{settings.base_url} {mail.source}",
        to=mail.address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        attachments=_attachments(mail, account),
    )


def _attachments(mail: Mail, account: Account) -> tuple[Attachment, ...]:
    named = DOCUMENTS.get(mail.kind)
    if named is None:
        return ()
    number = str(mail.facts["invoice_number"])
    document = filing.document_of(account, number, named=named, now=clock.now())
    return (Attachment(file_name(document), MEDIA_TYPE, wiring.render_pdf(document)),)
