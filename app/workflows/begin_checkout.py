"""Begin a checkout: an attempt is written down, then the provider opens a page for it.

Two transactions with the call between them. Whatever is lost on the way, the attempt stands, and
the same call under the same key finds the same page: for the customer who tries again, and for
the sweep of reconcile_payments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import queries as invoices
from app.domain.invoices import reasons
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import check_payable
from app.domain.payments import operations, queries, rules
from app.domain.payments.consent import Consent
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable
from app.domain.payments.gateway import CheckoutOrder, Gateways, OpenedCheckout, PaymentGateway
from app.domain.payments.models import Payment
from app.foundation import journal
from app.foundation.database import end_reading, transaction
from app.foundation.sentences import in_language, say
from app.workflows.confirm_payment import Heard, ask_about
from app.workflows.lapse_purchase import lapse_purchase

PROCESSING = say(
    "Your payment is being processed; that takes days at some banks. There is nothing to pay again."
)
BACK = {"plan_change": "/plans", "topup": "/tokens"}


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the customer pays."""

    payment_id: str
    checkout_url: str


def begin_checkout(
    account: Account,
    reference: str,
    *,
    gateway: PaymentGateway,
    asked: Gateways,
    base_url: str,
    now: datetime,
    look: Callable[[], None] | None = None,
    consent: Consent | None = None,
) -> Checkout:
    """Return the page on which the account pays its invoice, given by id or number.

    What became of an earlier page is `asked` of its provider, if it is among them. With a consent,
    the card that pays is saved. Once the account is held, `look` may refuse whoever asks. A second
    call finds the page that the first one opened. Raises UnknownInvoice, InvoiceNotPayable,
    ProviderUnreachable and ProviderRefused.
    """
    unknown = hear_of_page(account, reference, asked=asked, now=now)
    with transaction():
        accounts.lock_in_use(account.id)
        if look is not None:
            look()
        invoice = invoices.invoice_row(account, reference)
        check_payable(invoice.status)
        payment = attempt(
            invoice, provider=gateway.provider, consent=consent, unknown=unknown, now=now
        )
        if payment.checkout_url is not None:
            return Checkout(payment.public_id, payment.checkout_url)
        order = checkout_order(payment, invoice, base_url=base_url)
    opened = open_checkout(order, gateway=gateway, now=now)
    return Checkout(order.payment_id, opened.url)


def hear_of_page(account: Account, reference: str, *, asked: Gateways, now: datetime) -> str | None:
    """Ask about the page of an invoice that ended last, before another is opened beside it.

    Return its payment's id if its provider knows nothing of it. One question is all that a
    customer waits for: the sweep asks about the other pages.
    """
    unheard_of = queries.unheard_pages(account.id, reference, now=now)[:1]
    end_reading()
    for payment in unheard_of:
        if ask_about(payment, gateways=asked, now=now) is Heard.NOTHING_KNOWN:
            return payment.id
    return None


def pay_draft(
    find_draft: Callable[[], Invoice | None],
    *,
    purpose: str,
    gateway: PaymentGateway,
    base_url: str,
    now: datetime,
    consent: Consent | None = None,
    unknown: str | None = None,
) -> Checkout | None:
    """Return the page on which the draft of a purchase is paid, None if nothing has to be.

    The draft is found, and its account locked, within the first transaction; `unknown` is what
    hear_of_page has said. Raises what finding does, InvoiceNotPayable, ProviderUnreachable and
    ProviderRefused.
    """
    with transaction():
        draft = find_draft()
        if draft is None:
            return None
        payment = attempt(
            draft,
            provider=gateway.provider,
            purpose=purpose,
            consent=consent,
            unknown=unknown,
            now=now,
        )
        if payment.checkout_url is not None:
            return Checkout(payment.public_id, payment.checkout_url)
        order = checkout_order(payment, draft, base_url=base_url)
    try:
        opened = open_checkout(order, gateway=gateway, now=now)
    except ProviderRefused:
        # Surely nobody can pay it: what it holds is given back.
        with transaction():
            lapse_purchase(draft.id, reason=reasons.PAGE_REFUSED, now=now)
        raise
    return Checkout(order.payment_id, opened.url)


def attempt(
    invoice: Invoice,
    *,
    provider: str,
    now: datetime,
    purpose: str = "invoice",
    consent: Consent | None = None,
    unknown: str | None = None,
) -> Payment:
    """Return an earlier attempt to pay that still serves, or a new one; the account is locked.

    Nobody waits for news of the attempt that is `unknown` to its provider. Raises
    InvoiceNotPayable.
    """
    due_minor = invoice.final_minor - invoice.credit_used_minor
    if due_minor <= 0:
        raise InvoiceNotPayable(say("Nothing is left to pay of this invoice."))
    if queries.is_processing(invoice):
        raise InvoiceNotPayable(PROCESSING)
    last = queries.last_attempt(invoice, provider=provider)
    saves_card = consent is not None
    if last is not None and _serves(last, due_minor=due_minor, saves_card=saves_card, now=now):
        return last
    check_gets_another(invoice, purpose=purpose, unknown=unknown, now=now)
    payment = operations.add_checkout(
        invoice,
        provider=provider,
        amount_minor=due_minor,
        purpose=purpose,
        consent=consent,
        now=now,
    )
    _note(payment, invoice, now=now)
    return payment


def check_gets_another(
    invoice: Invoice, *, purpose: str, unknown: str | None, now: datetime
) -> None:
    """Refuse another attempt beside a page that may have been paid, or at a price of long ago."""
    refuse_unheard_of(invoice, unknown=unknown, now=now)
    if not rules.gets_another_page(purpose, drawn_up_at=invoice.created_at, now=now):
        raise InvoiceNotPayable(
            say("The amounts of this purchase do not hold any longer. Begin it anew.")
        )


def checkout_order(payment: Payment, invoice: Invoice, *, base_url: str) -> CheckoutOrder:
    """Return what an attempt asks for: word for word the same each time, as its key demands."""
    assert payment.expires_at is not None, "a checkout has its end from the beginning"
    return CheckoutOrder(
        payment_id=payment.public_id,
        reference=invoice.public_id,
        idempotency_key=payment.idempotency_key,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=_description(payment, invoice),
        # As it stands on the invoice: the account's own may change before a repeat.
        email=str(invoice.buyer.get("email", "")),
        success_url=f"{base_url}/payments/{payment.public_id}",
        cancel_url=base_url + BACK.get(payment.purpose, f"/invoices/{invoice.invoice_number}"),
        expires_at=payment.expires_at,
        # With a customer of its own at the provider: which others there are may have changed
        # before a repeat.
        saves_card=payment.consented_at is not None,
    )


def open_checkout(
    order: CheckoutOrder, *, gateway: PaymentGateway, now: datetime
) -> OpenedCheckout:
    """Have the page opened, and note what became of it. Raises what begin_checkout raises."""
    try:
        opened = gateway.open_checkout(order)
    except ProviderUnreachable:
        with transaction():
            operations.note_unanswered(operations.lock_payment(order.payment_id), now=now)
        raise
    except ProviderRefused as refusal:
        with transaction():
            payment = operations.lock_payment(order.payment_id)
            operations.note_refused(payment, reason=refusal.reason, now=now)
        raise
    with transaction():
        operations.note_opened(operations.lock_payment(order.payment_id), opened, now=now)
    return opened


def _description(payment: Payment, invoice: Invoice) -> str:
    """Return what a customer sees on the provider's page; a draft has no number."""
    # In the language that was written down with it: the account's may change before a repeat.
    if payment.purpose in BACK:
        said = invoices.lines_of([invoice.id])[invoice.id][0].description
    else:
        said = say("Invoice {number}", {"number": invoice.invoice_number})
    return str(in_language(said, invoice.language))


def _note(payment: Payment, invoice: Invoice, *, now: datetime) -> None:
    details: dict[str, object] = {
        "invoice": invoice.invoice_number or invoice.public_id,
        "payment": payment.public_id,
    }
    actor, user_id = f"customer:{invoice.user_id}", invoice.user_id
    journal.write("checkout_begun", actor=actor, user_id=user_id, now=now, details=details)
    if payment.consent_version is not None:
        agreed: dict[str, object] = {
            "version": payment.consent_version,
            "payment": payment.public_id,
        }
        journal.write("card_consent_given", actor=actor, user_id=user_id, now=now, details=agreed)


def refuse_unheard_of(invoice: Invoice, *, unknown: str | None, now: datetime) -> None:
    """Refuse another page beside one, of any provider, that may have been paid just before its end.

    Not for long: money that comes later all the same is sent back.
    """
    ends = [
        payment.expires_at
        for payment in queries.unheard_pages(invoice.user_id, invoice.public_id, now=now)
        if payment.id != unknown and payment.expires_at is not None
    ]
    if any(rules.is_soon_heard_of(ended_at, now=now) for ended_at in ends):
        raise InvoiceNotPayable(
            say(
                "The page on which you were to pay this has just ended, and its provider has not"
                " said yet whether you have. Try again in a minute."
            )
        )


def _serves(payment: Payment, *, due_minor: int, saves_card: bool, now: datetime) -> bool:
    if payment.expires_at is None:
        # Its money was on its way, and has not come.
        return False
    if saves_card != (payment.consented_at is not None):
        # He has changed his mind about the card.
        return False
    has_page, expires_at = payment.checkout_url is not None, payment.expires_at
    serves = rules.is_reusable(
        payment.status, has_page=has_page, expires_at=expires_at, now=now
    ) or rules.is_repeatable(payment.status, has_page=has_page, expires_at=expires_at, now=now)
    return serves and payment.amount_minor == due_minor
