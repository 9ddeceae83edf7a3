"""Questions about payments and providers' events. Reads only."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.errors import UnknownPayment
from app.domain.payments.models import Payment, ProviderEvent
from app.domain.payments.rules import ASK_AFTER, CHECKOUT, UNDECIDED
from app.domain.payments.views import EventView, PaymentView
from app.foundation.database import session

UNDECIDED_TOO_LONG = timedelta(days=1)
PUBLIC_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def payment_of(account: Account, public_id: str) -> PaymentView:
    """Return the account's payment. Raises UnknownPayment."""
    # Whatever else was asked for is no id, and some of it no text for a database.
    is_id = PUBLIC_ID.fullmatch(public_id) is not None
    ours = (Payment.user_id == account.id, Payment.public_id == public_id)
    views = _views(*ours) if is_id else ()
    if not views:
        raise UnknownPayment("You have no payment with this id.")
    return views[0]


def payments_of_invoice(account: Account, invoice_id: str) -> tuple[PaymentView, ...]:
    """Return the attempts to pay one of the account's invoices (by its id), newest first."""
    return _views(Payment.user_id == account.id, Invoice.public_id == invoice_id)


def overpayments(*, limit: int = 100) -> tuple[PaymentView, ...]:
    """Return the settled payments that had nothing to pay, of all accounts, newest first."""
    return _views(Payment.is_overpayment, Payment.refunded_minor < Payment.amount_minor)[:limit]


def undecided_too_long(*, now: datetime, limit: int = 100) -> tuple[PaymentView, ...]:
    """Return the attempts of all accounts that nothing was decided about for a day."""
    old = Payment.created_at < now - UNDECIDED_TOO_LONG
    return _views(Payment.status.in_(UNDECIDED), old)[:limit]


def session_of(public_id: str) -> str | None:
    """Return the provider's page of an attempt, if its opening was answered."""
    return session.scalar(select(Payment.provider_session).where(Payment.public_id == public_id))


def payment_of_provider(provider: str, provider_payment: str) -> str:
    """Return the id of the attempt that a provider's payment has settled. Raises UnknownPayment."""
    named = select(Payment.public_id).where(
        Payment.provider == provider, Payment.provider_payment == provider_payment
    )
    public_id = session.scalar(named)
    if public_id is None:
        raise UnknownPayment(f"Nothing here was settled by {provider_payment} so far.")
    return public_id


def last_attempt(invoice: Invoice, *, provider: str) -> Payment | None:
    """Return the newest attempt to pay the invoice on a page of the provider."""
    ours = select(Payment).where(
        Payment.invoice_id == invoice.id,
        Payment.provider == provider,
        Payment.method == CHECKOUT,
    )
    return session.scalar(ours.order_by(Payment.attempt_number.desc()).limit(1))


def attempts_count(invoice: Invoice) -> int:
    """Return how often it was tried to have the invoice paid."""
    counted = select(func.count()).select_from(Payment).where(Payment.invoice_id == invoice.id)
    return session.scalars(counted).one()


def silent_attempts(*, now: datetime, limit: int) -> Sequence[str]:
    """Return the ids of undecided attempts nothing was heard of for long, longest first."""
    silent = (
        and_(Payment.status == status, Payment.updated_at <= now - after)
        for status, after in ASK_AFTER.items()
    )
    statement = select(Payment.public_id).where(or_(*silent)).order_by(Payment.updated_at)
    return session.scalars(statement.limit(limit)).all()


def events(*, status: str | None = None, limit: int = 100) -> tuple[EventView, ...]:
    """Return the newest events of the inbox, those of one status if it is given."""
    statement = select(ProviderEvent).order_by(ProviderEvent.id.desc()).limit(limit)
    if status is not None:
        statement = statement.where(ProviderEvent.status == status)
    return tuple(_event_view(row) for row in session.scalars(statement))


def find_event(event_row_id: int) -> ProviderEvent | None:
    """Return the event of the inbox."""
    return session.get(ProviderEvent, event_row_id)


def last_received_at(provider: str) -> datetime | None:
    """Return when the provider's last event came."""
    newest = select(func.max(ProviderEvent.received_at)).where(ProviderEvent.provider == provider)
    return session.scalar(newest)


def _views(*conditions: object) -> tuple[PaymentView, ...]:
    statement = (
        select(Payment, Invoice.public_id, Invoice.invoice_number)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(*conditions)  # type: ignore[arg-type]  # conditions on either table
        .order_by(Payment.id.desc())
        .execution_options(populate_existing=True)
    )
    return tuple(_view(*row) for row in session.execute(statement))


def _view(row: Payment, invoice_id: str, invoice_number: str | None) -> PaymentView:
    return PaymentView(
        id=row.public_id,
        user_id=row.user_id,
        invoice_id=invoice_id,
        invoice_number=invoice_number,
        provider=row.provider,
        status=row.status,
        amount_minor=row.amount_minor,
        currency=row.currency,
        checkout_url=row.checkout_url,
        decline_code=row.decline_code,
        is_overpayment=row.is_overpayment,
        created_at=row.created_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
    )


def _event_view(row: ProviderEvent) -> EventView:
    return EventView(
        id=row.id,
        provider=row.provider,
        event_id=row.event_id,
        event_type=row.event_type,
        status=row.status,
        ignored_because=row.ignored_because,
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        last_error=row.last_error,
        received_at=row.received_at,
        processed_at=row.processed_at,
    )
