"""Tables of the mails package."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base


class Mail(Base):
    """A message to a customer; its words are made when it is sent, from its kind and its facts."""

    __tablename__ = "mails"
    __table_args__ = (Index(None, "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    # Names the templates: emails/<kind>.txt and emails/<kind>.html.
    kind: Mapped[str]
    # The address at the moment it was written.
    address: Mapped[str]
    # Cents, tokens and texts; moments as RFC 3339.
    facts: Mapped[dict[str, object]]
    # What it is about, once: `invoice_issued:17`. Repeats are refused by the index.
    source: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    # Null while it waits to be sent.
    sent_at: Mapped[datetime | None]
