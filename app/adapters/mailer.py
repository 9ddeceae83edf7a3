"""Mails are handed to an SMTP server: one connection each, encrypted wherever it can be."""

import hashlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import SplitResult, unquote, urlsplit

from app.domain.accounts.errors import EmailInvalid
from app.domain.accounts.rules import email_on_the_wire
from app.domain.mails.delivery import Envelope
from app.domain.mails.errors import AddressRefused, MailServerAway

TIMEOUT_SECONDS = 20
PORT, TLS_PORT = 587, 465
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
# From here on a server's answer means "never", below it "not now" (RFC 5321).
REFUSED_FOR_GOOD_FROM = 500
REFERENCE_LENGTH = 32


class SmtpMailer:
    """Speaks to one server: by smtp:// with STARTTLS where it is offered, by smtps:// with TLS."""

    def __init__(self, *, url: str, sender: str) -> None:
        self._server = urlsplit(url)
        # A name may hold commas and dots, which a header's grammar would trip over.
        name, _, address = sender.rpartition("<")
        self._name, self._address = name.strip(' "'), email_on_the_wire(address.rstrip(">"))

    def send(self, envelope: Envelope) -> None:
        """Hand the mail over. Raises AddressRefused for good, MailServerAway for now."""
        address = _address_of(envelope)
        message = self._message(envelope, address)
        try:
            with self._connected() as server:
                _hand_over(server, message, sender=self._address, address=address)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise _refusal(code, answer) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerAway(f"The mail server has not taken the mail: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        server = _connection(self._server)
        try:
            if self._server.scheme == "smtp":
                _encrypt(server, self._server)
            if self._server.username:
                server.login(unquote(self._server.username), unquote(self._server.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, envelope: Envelope, address: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(self._name, addr_spec=self._address)
        message["To"] = address
        message["Subject"] = envelope.subject
        message["Message-ID"] = self._message_id(envelope)
        # Nobody's absence note needs to answer a bill (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(envelope.text)
        message.add_alternative(envelope.html, subtype="html")
        for attachment in envelope.attachments:
            kind, _, subtype = attachment.media_type.partition("/")
            message.add_attachment(
                attachment.content, maintype=kind, subtype=subtype, filename=attachment.name
            )
        return message

    def _message_id(self, envelope: Envelope) -> str:
        """Return the same id for the same mail: sent twice, it is shown once."""
        digest = hashlib.sha256(envelope.reference.encode()).hexdigest()[:REFERENCE_LENGTH]
        return f"<{digest}@{self._address.partition('@')[2]}>"


def _address_of(envelope: Envelope) -> str:
    """Return the address as servers know it. Raises AddressRefused if it is none."""
    try:
        return email_on_the_wire(envelope.to)
    except EmailInvalid as error:
        raise AddressRefused(error.message) from error


def _hand_over(server: smtplib.SMTP, message: EmailMessage, *, sender: str, address: str) -> None:
    try:
        server.send_message(message, sender, [address])
    except smtplib.SMTPNotSupportedError as error:
        # What stands before the @ has no spelling in ASCII, and this server knows no other.
        text = "The mail server knows no addresses with letters beyond ASCII before the @."
        raise AddressRefused(text) from error


def _connection(server: SplitResult) -> smtplib.SMTP:
    host = server.hostname or ""
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host,
            server.port or TLS_PORT,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
    return smtplib.SMTP(host, server.port or PORT, timeout=TIMEOUT_SECONDS)


def _encrypt(connection: smtplib.SMTP, server: SplitResult) -> None:
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    elif server.username and server.hostname not in LOCAL_HOSTS:
        raise smtplib.SMTPException(
            "it offers no encryption, and the password must not travel bare"
        )


def _refusal(code: int, answer: bytes | str) -> AddressRefused | MailServerAway:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    said = f"{code} {' '.join(text.split())}"
    if code >= REFUSED_FOR_GOOD_FROM:
        return AddressRefused(f"The mail server refuses it: {said}")
    return MailServerAway(f"The mail server does not take it now: {said}")
