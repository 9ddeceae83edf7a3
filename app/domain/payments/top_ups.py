"""How an account's purchases of extra tokens stand: what was tried, with which card, what waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment, PaymentMethod
from app.domain.payments.queries import CHARGEABLE, PUBLIC_ID
from app.domain.payments.rules import (
    AUTHENTICATION_REQUIRED,
    CHECKOUT,
    OFF_SESSION,
    UNDECIDED,
    PaymentStatus,
)
from app.domain.payments.views import card_name
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.sentences import Sentence

PURPOSE = "topup"


@dataclass(frozen=True, slots=True)
class AutoTopUps:
    """What was bought automatically in a month, or is about to be."""

    count: int
    gross_minor: int
    is_in_flight: bool


@dataclass(frozen=True, slots=True)
class ChargeableCard:
    """The card that an account has saved, and may be charged."""

    id: int
    brand: str
    last4: str

    @property
    def name(self) -> Sentence:
        """Return what people call it."""
        return card_name(self.brand, self.last4)


@dataclass(frozen=True, slots=True)
class TopUps:
    """All that an account's purchases of extra tokens come to at a moment."""

    # Automatically, in the moment's UTC month.
    tried: AutoTopUps
    card: ChargeableCard | None


@dataclass(frozen=True, slots=True)
class CardCharge:
    """The newest charge of a saved card for a purchase, and what became of it."""

    payment_id: str
    method: str
    status: str
    decline_code: str | None

    @property
    def is_under_way(self) -> bool:
        """Tell whether it may yet pay: then nothing else is to."""
        return self.status in UNDECIDED

    @property
    def holds(self) -> bool:
        """Tell whether it has paid, or may yet."""
        return self.is_under_way or self.status == PaymentStatus.SETTLED

    @property
    def is_by_itself(self) -> bool:
        """Tell whether nobody but automatic top-up has asked for it."""
        return self.method == OFF_SESSION

    @property
    def awaits_owner(self) -> bool:
        """Tell whether the bank only wants to hear the card's owner."""
        is_over = self.status == PaymentStatus.FAILED
        return is_over and self.decline_code == AUTHENTICATION_REQUIRED


def top_ups_of(user_id: str, *, now: datetime) -> TopUps:
    """Return how the account's purchases of extra tokens stand, in one statement."""
    tried = _tried(user_id, month=BillingMonth.of(now)).subquery()
    card = PaymentMethod
    # What was tried is one row always; a card is there perhaps.
    statement = (
        select(*tried.c, card.id, card.brand, card.last4)
        .select_from(tried)
        .outerjoin(card, and_(card.user_id == user_id, *CHARGEABLE))
    )
    count, gross_minor, in_flight, *shown = session.execute(statement).one()
    return TopUps(
        tried=AutoTopUps(count, int(gross_minor or 0), is_in_flight=in_flight > 0),
        card=None if shown[0] is None else ChargeableCard(*shown),
    )


def find_card(account: Account) -> ChargeableCard | None:
    """Return the card that the account has saved and may be charged, if there is one."""
    card = PaymentMethod
    saved = select(card.id, card.brand, card.last4).where(card.user_id == account.id, *CHARGEABLE)
    row = session.execute(saved).one_or_none()
    return None if row is None else ChargeableCard(*row)


def find_charge(account: Account, invoice_id: str) -> CardCharge | None:
    """Return the newest charge of a saved card for the account's purchase, by the invoice's id."""
    columns = (Payment.public_id, Payment.method, Payment.status, Payment.decline_code)
    charged = (
        select(*columns)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(
            Invoice.user_id == account.id,
            Invoice.public_id == invoice_id,
            Payment.method != CHECKOUT,
        )
        .order_by(Payment.id.desc())
    )
    # Whatever else was asked for is no id, and some of it no text for a database.
    is_id = PUBLIC_ID.fullmatch(invoice_id) is not None
    row = session.execute(charged.limit(1)).one_or_none() if is_id else None
    return None if row is None else CardCharge(*row)


def _tried(user_id: str, *, month: BillingMonth) -> Select[*tuple[Any, ...]]:
    """Return the automatic top-ups of a UTC month that were paid or may still be.

    Whatever his card may still pay is in flight, also what its owner has asked for himself.
    """
    undecided = Payment.status.in_(UNDECIDED)
    starts_at, ends_at = month.period.starts_at, month.period.ends_at
    by_itself = Payment.method == OFF_SESSION
    in_month = and_(by_itself, Payment.created_at >= starts_at, Payment.created_at < ends_at)
    return select(
        func.count(case((in_month, 1))).label("tried"),
        func.sum(case((in_month, Payment.amount_minor))).label("gross_minor"),
        func.count(case((undecided, 1))).label("in_flight"),
    ).where(
        Payment.user_id == user_id,
        Payment.purpose == PURPOSE,
        Payment.method != CHECKOUT,
        Payment.status.in_((*UNDECIDED, PaymentStatus.SETTLED)),
        (Payment.created_at >= starts_at) | undecided,
    )
