"""Tables of how people get in: sessions, devices, links by mail, other addresses, factors."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base


class SignInSession(Base):
    """Somebody who is signed in with one browser, until it ends by itself or by hand."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("idle_ends_at <= ends_at", "idle_end_before_the_end"),
        Index(None, "user_id", "id"),
        Index(None, "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    # SHA-256 of what the browser holds: whoever reads this table cannot come in with it.
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    # The end if nobody comes meanwhile, and the one that nothing puts off.
    idle_ends_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    # Set where it was ended by hand, or by a changed password.
    ended_at: Mapped[datetime | None]
    password_entered_at: Mapped[datetime]
    # Short words, such as Firefox on Linux; and where it was last used from.
    device: Mapped[str]
    address: Mapped[str]


class KnownDevice(Base):
    """A browser that an account has signed in with before."""

    __tablename__ = "known_devices"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    digest: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class MailToken(Base):
    """A link that was mailed to somebody, and what whoever opens it may do, once."""

    __tablename__ = "mail_tokens"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('verify_email', 'reset_password', 'confirm_email', 'undo_email',"
            " 'release_email')",
            "purpose_known",
        ),
        Index(None, "user_id", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    purpose: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    # The address it speaks of: verified, confirmed or brought back by it.
    email: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Used, or taken back.
    used_at: Mapped[datetime | None]


class EmailChange(Base):
    """Another mail address that an account wants, as long as one of its ends is waited for."""

    __tablename__ = "email_changes"
    __table_args__ = (
        CheckConstraint("email = lower(email)", "email_lower_case"),
        CheckConstraint("ends_at > asked_at", "ends_after_it_began"),
        CheckConstraint("asks_old OR old_confirmed_at IS NULL", "asked_confirms"),
        CheckConstraint(
            "new_confirmed_at IS NULL OR (asks_old AND old_confirmed_at IS NULL)",
            "waits_for_an_end",
        ),
    )

    # One at a time: a later wish takes the place of the one before.
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    email: Mapped[str]
    # Whether the address that the account has so far must confirm, too.
    asks_old: Mapped[bool]
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    new_confirmed_at: Mapped[datetime | None]
    old_confirmed_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The secret that an account shares with the app on somebody's phone."""

    __tablename__ = "second_factors"
    __table_args__ = (CheckConstraint("last_step >= 0", "last_step_not_negative"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    sealed_secret: Mapped[str]
    created_at: Mapped[datetime]
    # Null until a first code has shown that the app is set up: nobody is asked for codes before.
    confirmed_at: Mapped[datetime | None]
    # The half minute of the latest code that was taken: it and all before it are used up.
    last_step: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Base):
    """A code on paper, for whoever has lost the phone: good once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "prefix"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    # Finds the row; the rest of the code is the secret.
    prefix: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
