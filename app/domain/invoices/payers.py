"""Who pays: what the invoices of some accounts depend on, in two statements for all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.domain.accounts.models import Account, BillingSettings
from app.domain.coupons import queries as coupons
from app.domain.invoices.bills import Payer
from app.domain.invoices.models import TaxRate
from app.domain.invoices.taxing import CountryTax, taxation
from app.domain.subscriptions.models import RUNNING, Subscription
from app.foundation.bulk import any_of
from app.foundation.database import session

BESIDE_SETTINGS = (Subscription.plan_id, TaxRate.name, TaxRate.rate_bp)


def payers(accounts: Sequence[Account], *, seller_country: str) -> dict[str, Payer]:
    """Return the accounts as payers, by id; what is to be written needs them locked before."""
    by_id = {account.id: account for account in accounts}
    uses = coupons.open_uses(list(by_id))
    own = BillingSettings
    # Plain columns: when a month is closed, a hundred thousand of these are read.
    said = (own.billing_email, own.billing_address, own.country, own.tax_id, own.tax_id_approved_at)
    statement = _joined(select(own.user_id, *said, *BESIDE_SETTINGS), list(by_id))
    payers: dict[str, Payer] = {}
    for row in session.execute(statement):
        paying = _payer(by_id[row.user_id], row, row, seller_country=seller_country)
        payers[row.user_id] = replace(paying, uses=tuple(uses.get(row.user_id, ())))
    return payers


def payer(account: Account, *, seller_country: str) -> Payer:
    """Return one account as a payer."""
    return payers([account], seller_country=seller_country)[account.id]


def payer_and_settings(account: Account, *, seller_country: str) -> tuple[Payer, BillingSettings]:
    """Return one account as a payer, and what it has set."""
    uses = coupons.open_uses([account.id]).get(account.id, ())
    paying, chosen = _one_and_settings(account, seller_country=seller_country)
    return replace(paying, uses=tuple(uses)), chosen


def plain_payer_and_settings(
    account: Account, *, seller_country: str
) -> tuple[Payer, BillingSettings]:
    """Return the same of who buys extra tokens: without coupons and credit, in one statement."""
    paying, chosen = _one_and_settings(account, seller_country=seller_country)
    return paying.paying_plainly(), chosen


def _one_and_settings(account: Account, *, seller_country: str) -> tuple[Payer, BillingSettings]:
    statement = _joined(select(BillingSettings, *BESIDE_SETTINGS), [account.id])
    row = session.execute(statement).one()
    chosen = row.BillingSettings
    return _payer(account, chosen, row, seller_country=seller_country), chosen


def _joined(columns: Any, user_ids: Sequence[str]) -> Any:
    return (
        columns.select_from(BillingSettings)
        .join(Subscription, Subscription.user_id == BillingSettings.user_id)
        .outerjoin(TaxRate, TaxRate.country == BillingSettings.country)
        .where(any_of(BillingSettings.user_id, user_ids), RUNNING)
    )


def _payer(account: Account, settings: Any, beside: Any, *, seller_country: str) -> Payer:
    has_tax = beside.rate_bp is not None
    return Payer(
        user_id=account.id,
        plan_id=beside.plan_id,
        buyer=_buyer(account, settings),
        taxation=taxation(
            settings.country,
            tax=CountryTax(beside.name, beside.rate_bp) if has_tax else None,
            tax_id_is_approved=settings.tax_id_approved_at is not None,
            seller_country=seller_country,
        ),
        credit_minor=account.credit_minor,
        language=account.locale,
    )


def _buyer(account: Account, settings: Any) -> dict[str, object]:
    return {
        "user_id": account.id,
        "name": account.name,
        "email": settings.billing_email or account.email,
        "address": settings.billing_address or "",
        "country": settings.country or "",
        "tax_id": settings.tax_id or "",
    }
