"""Top up: extra tokens are priced, drawn up as a draft, and paid on the provider's page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account, BillingSettings
from app.domain.invoices import operations as invoices
from app.domain.invoices import payers
from app.domain.invoices import queries as invoice_queries
from app.domain.invoices.bills import Bill, Payer, top_up_bill
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.token_lines import token_line
from app.domain.payments.consent import Consent
from app.domain.payments.top_ups import PURPOSE, find_charge
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import queries as periods
from app.domain.subscriptions.queries import PeriodView
from app.domain.tokens import rules
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.begin_checkout import Checkout, hear_of_page, pay_draft
from app.workflows.switch_plan import Shop


@dataclass(frozen=True, slots=True)
class TopUp:
    """How many tokens are bought, and where they are paid."""

    tokens: int
    checkout: Checkout


@dataclass(frozen=True, slots=True)
class Counter:
    """Who buys extra tokens, in which period: read once for all that is priced."""

    period: PeriodView
    payer: Payer
    chosen: BillingSettings
    # What is left of the quota and of extra tokens.
    token_balance: int


def top_up(
    account: Account,
    *,
    amount_minor: int,
    shop: Shop,
    now: datetime,
    consent: Consent | None = None,
) -> TopUp:
    """Return the page on which the account pays for extra tokens of a net amount.

    With a consent, the card that pays is saved. Raises DeletionPending, NoTokensForSale,
    TopUpAmountInvalid, ProviderUnreachable and ProviderRefused.
    """
    reference, tokens = begin_top_up(account, amount_minor=amount_minor, shop=shop, now=now)
    return TopUp(tokens, pay_top_up(account, reference, shop=shop, consent=consent, now=now))


def begin_top_up(
    account: Account, *, amount_minor: int, shop: Shop, now: datetime
) -> tuple[str, int]:
    """Draw a purchase up that is to be paid; return its invoice's id, and how many tokens it is.

    Raises DeletionPending, NoTokensForSale and TopUpAmountInvalid.
    """
    with transaction():
        locked = accounts.lock_buyer(account.id)
        shop.look_again()
        subscriptions.roll_over_account(locked, now=now, grace=shop.grace)
        draft = draw_up_top_up(
            locked, amount_minor=amount_minor, seller=shop.seller, grace=shop.grace, now=now
        )
        return draft.public_id, invoice_queries.lines_of([draft.id])[draft.id][0].quantity


def pay_top_up(
    account: Account,
    reference: str,
    *,
    shop: Shop,
    now: datetime,
    consent: Consent | None = None,
) -> Checkout:
    """Return the page on which the account pays a top-up that was drawn up before.

    Raises DeletionPending, UnknownInvoice, InvoiceNotPayable, ProviderUnreachable and
    ProviderRefused.
    """

    def find_draft() -> Invoice:
        accounts.lock_buyer(account.id)
        shop.look_again()
        charge = find_charge(account, reference)
        if charge is not None and charge.is_under_way:
            raise InvoiceNotPayable(say("Your saved card is being charged for this purchase."))
        return invoice_queries.top_up_draft(account, reference)

    unknown = hear_of_page(account, reference, asked=shop.asked, now=now)
    checkout = pay_draft(
        find_draft,
        purpose=PURPOSE,
        gateway=shop.gateway,
        base_url=shop.base_url,
        consent=consent,
        unknown=unknown,
        now=now,
    )
    assert checkout is not None, "extra tokens are always paid"
    return checkout


def draw_up_top_up(
    account: Account, *, amount_minor: int, seller: Seller, grace: timedelta, now: datetime
) -> Invoice:
    """Draw up the draft of a top-up; the account is locked. Raises what top_up raises."""
    counter = counter_of(account, seller_country=seller.country, grace=grace, now=now)
    bill = price_top_up(counter, amount_minor=amount_minor, now=now)
    (draft,) = invoices.draw_up([bill], {account.id: account}, seller=seller, now=now)
    return draft


def counter_of(
    account: Account, *, seller_country: str, grace: timedelta, now: datetime
) -> Counter:
    """Return all that the prices of an account's extra tokens depend on."""
    payer, chosen = payers.plain_payer_and_settings(account, seller_country=seller_country)
    period = periods.current_period(account.id, now=now, grace=grace)
    return Counter(period, payer, chosen, period.tokens_remaining + account.extra_tokens)


def price_top_up(counter: Counter, *, amount_minor: int, now: datetime) -> Bill:
    """Return what a top-up comes to, with tax. Raises NoTokensForSale and TopUpAmountInvalid."""
    price_pico = counter.period.terms.extra_token_price_pico
    tokens = rules.tokens_for(amount_minor, price_pico=price_pico)
    line = token_line(tokens=tokens, price_pico=price_pico or 0, amount_minor=amount_minor)
    return top_up_bill(counter.payer, line, now=now)
