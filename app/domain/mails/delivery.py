"""What the domain needs of a mail server; the adapter speaks SMTP."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail as it goes out. The same `reference` is the same mail, however often it is sent."""

    reference: str
    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


class Mailer(Protocol):
    """Hands mails to a server."""

    def send(self, envelope: Envelope) -> None:
        """Hand the mail over. Raises AddressRefused for good, MailServerAway for now."""
