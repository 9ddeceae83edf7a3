"""Tables of the mails package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base

REFUSED = text("refused_at IS NOT NULL")


class Mail(Base):
    """A message to a customer; its words are made when it is sent, from its kind and its facts."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(
            "(sent_at IS NULL OR kept_at IS NULL) AND (sent_at IS NULL OR refused_at IS NULL)"
            " AND (kept_at IS NULL OR refused_at IS NULL)",
            "has_one_end",
        ),
        CheckConstraint("(refused_at IS NULL) = (refusal IS NULL)", "refused_for_a_reason"),
        Index(None, "user_id", "id"),
        Index("ix_mails_refused", "id", sqlite_where=REFUSED, postgresql_where=REFUSED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    # Names the templates: emails/<kind>.txt and emails/<kind>.html.
    kind: Mapped[str]
    # The address at the moment it was written.
    address: Mapped[str]
    # Cents, tokens, texts, and sentences as they are kept; moments as RFC 3339.
    facts: Mapped[dict[str, object]]
    # What it is about, once: `invoice_issued:17`. Repeats are refused by the index.
    source: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    # All three are null while it waits to be sent.
    sent_at: Mapped[datetime | None]
    # There was no mail server: it is only to be read on its page.
    kept_at: Mapped[datetime | None]
    # The server will never take it, for this reason.
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str | None]

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing more is to be done about it."""
        return any((self.sent_at, self.kept_at, self.refused_at))
