"""Questions about payments and providers' events. Reads only."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.domain.accounts.models import Account, BillingSettings
from app.domain.catalog.models import Plan
from app.domain.invoices.models import Invoice, InvoiceLine
from app.domain.payments.errors import UnknownPayment
from app.domain.payments.models import Payment, PaymentMethod, ProviderEvent
from app.domain.payments.rules import (
    ASK_AFTER,
    CHECKOUT,
    OFF_SESSION,
    UNDECIDED,
    PaymentStatus,
    is_charge_due,
)
from app.domain.payments.views import EventView, PaymentView
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.sentences import say

UNDECIDED_TOO_LONG = timedelta(days=1)
# How many extra tokens an invoice is about.
TOKENS = (
    select(func.sum(InvoiceLine.quantity))
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind == "tokens")
    .correlate(Invoice)
    .scalar_subquery()
)
PUBLIC_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
# A card that may be charged without its owner: the default, with his consent.
CHARGEABLE = (
    PaymentMethod.is_default,
    PaymentMethod.removed_at.is_(None),
    PaymentMethod.consented_at.is_not(None),
)


def payment_of(account: Account, public_id: str) -> PaymentView:
    """Return the account's payment. Raises UnknownPayment."""
    # Whatever else was asked for is no id, and some of it no text for a database.
    is_id = PUBLIC_ID.fullmatch(public_id) is not None
    ours = (Payment.user_id == account.id, Payment.public_id == public_id)
    views = _views(*ours) if is_id else ()
    if not views:
        raise UnknownPayment(say("You have no payment with this id."))
    return views[0]


def payments_of_invoice(account: Account, invoice_id: str) -> tuple[PaymentView, ...]:
    """Return the attempts to pay one of the account's invoices (by its id), newest first."""
    attempts = _views(Payment.user_id == account.id, Invoice.public_id == invoice_id)
    # Those of one moment stay in the order of their rows.
    return tuple(sorted(attempts, key=lambda attempt: attempt.created_at, reverse=True))


def newest_payments(*, limit: int) -> tuple[PaymentView, ...]:
    """Return the newest attempts of all accounts."""
    newest = select(Payment.id).order_by(Payment.id.desc()).limit(limit)
    return _views(Payment.id.in_(newest))


def latest_payments(account: Account, *, limit: int) -> tuple[PaymentView, ...]:
    """Return the account's newest attempts to pay."""
    newest = (
        select(Payment.id)
        .where(Payment.user_id == account.id)
        .order_by(Payment.created_at.desc(), Payment.id.desc())
        .limit(limit)
    )
    return _views(Payment.id.in_(newest))


def payments_of_rows(row_ids: Collection[int]) -> tuple[PaymentView, ...]:
    """Return the attempts of these rows, of whichever account, newest first."""
    return _views(any_of(Payment.id, row_ids))


def overpayments(*, limit: int = 100) -> tuple[PaymentView, ...]:
    """Return the settled payments that had nothing to pay, of all accounts, newest first."""
    return _views(Payment.is_overpayment, Payment.refunded_minor < Payment.amount_minor)[:limit]


def undecided_too_long(*, now: datetime, limit: int = 100) -> tuple[PaymentView, ...]:
    """Return the attempts of all accounts that nothing was decided about for a day."""
    old = Payment.created_at < now - UNDECIDED_TOO_LONG
    return _views(Payment.status.in_(UNDECIDED), old)[:limit]


def payment_of_provider(provider: str, provider_payment: str) -> str:
    """Return the id of the attempt that a provider's payment has settled. Raises UnknownPayment."""
    named = select(Payment.public_id).where(
        Payment.provider == provider, Payment.provider_payment == provider_payment
    )
    public_id = session.scalar(named)
    if public_id is None:
        raise UnknownPayment(
            say("Nothing here was settled by {payment} so far.", {"payment": provider_payment})
        )
    return public_id


def last_attempt(invoice: Invoice, *, provider: str) -> Payment | None:
    """Return the newest attempt to pay the invoice on a page of the provider."""
    ours = select(Payment).where(
        Payment.invoice_id == invoice.id,
        Payment.provider == provider,
        Payment.method == CHECKOUT,
    )
    return session.scalar(ours.order_by(Payment.attempt_number.desc()).limit(1))


def unheard_pages(user_id: str, reference: str, *, now: datetime) -> tuple[PaymentView, ...]:
    """Return the attempts to pay an invoice whose page has ended nobody knows how, newest first.

    It is the user's, and given by id or number.
    """
    if PUBLIC_ID.fullmatch(reference) is None:
        return ()
    named = or_(Invoice.public_id == reference, Invoice.invoice_number == reference)
    ended = Payment.status == PaymentStatus.PENDING, Payment.expires_at <= now
    has_page = Payment.checkout_url.is_not(None)
    return _views(Payment.user_id == user_id, named, has_page, *ended)


def page_of_change(plan_change_id: int, *, now: datetime) -> str | None:
    """Return the provider's page on which a change of plan can be paid, if one is open."""
    of_change = Invoice.plan_change_id == plan_change_id
    return session.scalar(
        pages_open(now).join(Invoice, Invoice.id == Payment.invoice_id).where(of_change).limit(1)
    )


def pages_open(now: datetime) -> Select[str | None]:
    """Return the pages of providers that are open, the newest first."""
    is_open = Payment.status == PaymentStatus.PENDING, Payment.expires_at > now
    pages = select(Payment.checkout_url).where(Payment.checkout_url.is_not(None), *is_open)
    return pages.order_by(Payment.id.desc())


def may_be_paid(invoice: Invoice, *, now: datetime) -> bool:
    """Tell whether money for the invoice may still come by itself: a page or a charge is open."""
    found = select(Payment.id).where(Payment.invoice_id == invoice.id, *_may_pay(now))
    return session.scalar(found.limit(1)) is not None


def waits_for_money(now: datetime) -> ColumnElement[bool]:
    """Return the condition that money for an invoice of a query may still come by itself."""
    return (
        select(Payment.id)
        .where(Payment.invoice_id == Invoice.id, *_may_pay(now))
        .correlate(Invoice)
        .exists()
    )


def _may_pay(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_open = or_(Payment.expires_at.is_(None), Payment.expires_at > now)
    return Payment.status.in_(UNDECIDED), is_open


def is_processing(invoice: Invoice) -> bool:
    """Tell whether the customer has paid as far as he can, and the money is on its way."""
    under_way = Payment.status == PaymentStatus.PENDING, Payment.expires_at.is_(None)
    found = select(Payment.id).where(Payment.invoice_id == invoice.id, *under_way)
    return session.scalar(found.limit(1)) is not None


def is_undecided(invoice: Invoice) -> bool:
    """Tell whether some attempt to pay the invoice may have been paid, or may yet be.

    A page that has ended may have been paid just before, and nobody has told us.
    """
    undecided = Payment.status.in_(UNDECIDED)
    found = select(Payment.id).where(Payment.invoice_id == invoice.id, undecided)
    return session.scalar(found.limit(1)) is not None


def card_to_charge(user_id: str) -> PaymentMethod | None:
    """Return the card that may be charged without its owner: the default, with his consent."""
    return session.scalar(
        select(PaymentMethod).where(PaymentMethod.user_id == user_id, *CHARGEABLE)
    )


def chargeable(user_ids: Collection[str]) -> set[str]:
    """Return those of the accounts whose saved card may be charged without its owner."""
    owners = select(PaymentMethod.user_id).where(any_of(PaymentMethod.user_id, user_ids))
    return set(session.scalars(owners.where(*CHARGEABLE)))


def invoices_to_charge(*, now: datetime, limit: int) -> Sequence[tuple[int, str]]:
    """Return the invoices (row id and account) whose saved card is to be charged now."""
    last_at = (
        select(func.max(Payment.created_at))
        .where(Payment.invoice_id == Invoice.id, Payment.method == OFF_SESSION)
        .correlate(Invoice)
        .scalar_subquery()
    )
    statement = (
        select(Invoice.id, Invoice.user_id, Invoice.issued_at, last_at)
        .join(BillingSettings, BillingSettings.user_id == Invoice.user_id)
        .join(PaymentMethod, PaymentMethod.user_id == Invoice.user_id)
        .where(
            Invoice.status == "issued",
            or_(Invoice.kind == "subscription", BillingSettings.auto_pay),
            *CHARGEABLE,
            ~select(Payment.id)
            .where(Payment.invoice_id == Invoice.id, Payment.status.in_(UNDECIDED))
            .exists(),
        )
        .order_by(Invoice.id)
    )
    due = (
        (invoice_id, user_id)
        for invoice_id, user_id, issued_at, last in session.execute(statement)
        if issued_at is not None and is_charge_due(issued_at, last_at=last, now=now)
    )
    return list(islice(due, limit))


def accounts_to_top_up() -> Sequence[str]:
    """Return the accounts below their threshold that want tokens bought and have a card for it."""
    settings, period = BillingSettings, SubscriptionPeriod
    balance = period.quota - period.quota_tokens_used + Account.extra_tokens
    statement = (
        select(Account.id)
        .join(settings, settings.user_id == Account.id)
        .join(period, and_(period.user_id == Account.id, period.is_current))
        .join(PaymentMethod, PaymentMethod.user_id == Account.id)
        .where(
            settings.auto_topup,
            settings.auto_topup_threshold > 0,
            balance < settings.auto_topup_threshold,
            period.extra_token_price_pico.is_not(None),
            *CHARGEABLE,
        )
        .order_by(Account.id)
    )
    return session.scalars(statement).all()


def open_pages(invoice_id: str) -> Sequence[tuple[str, str]]:
    """Return provider and page of the attempts to pay an invoice that wait for the customer."""
    statement = (
        select(Payment.provider, Payment.provider_session)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(
            Invoice.public_id == invoice_id,
            Payment.method == CHECKOUT,
            Payment.status.in_(UNDECIDED),
            Payment.provider_session.is_not(None),
        )
    )
    return [(provider, page) for provider, page in session.execute(statement) if page is not None]


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
    return tuple(event_view(row) for row in session.scalars(statement))


def find_event(event_row_id: int) -> ProviderEvent | None:
    """Return the event of the inbox."""
    return session.get(ProviderEvent, event_row_id)


def last_received_at(provider: str) -> datetime | None:
    """Return when the provider's last event came."""
    newest = select(func.max(ProviderEvent.received_at)).where(ProviderEvent.provider == provider)
    return session.scalar(newest)


def _views(*conditions: object) -> tuple[PaymentView, ...]:
    statement = (
        select(Payment, Invoice.public_id, Invoice.invoice_number, Plan.name, TOKENS)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .outerjoin(Plan, Plan.id == Invoice.plan_id)
        .where(*conditions)  # type: ignore[arg-type]  # conditions on either table
        .order_by(Payment.created_at.desc(), Payment.id.desc())
        .execution_options(populate_existing=True)
    )
    return tuple(_view(*row) for row in session.execute(statement))


def _view(
    row: Payment,
    invoice_id: str,
    invoice_number: str | None,
    plan_name: str | None,
    tokens: int | None,
) -> PaymentView:
    return PaymentView(
        id=row.public_id,
        user_id=row.user_id,
        invoice_id=invoice_id,
        invoice_number=invoice_number,
        purpose=row.purpose,
        plan_name=plan_name,
        tokens=None if tokens is None else int(tokens),
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
        refunded_minor=row.refunded_minor,
        provider_session=row.provider_session,
    )


def event_view(row: ProviderEvent) -> EventView:
    """Return the event of a row."""
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
