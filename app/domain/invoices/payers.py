"""Who pays: what the invoices of some accounts depend on, in two statements for all."""

from collections.abc import Sequence
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


def payers(accounts: Sequence[Account], *, seller_country: str) -> dict[str, Payer]:
    """Return the accounts as payers, by id; what is to be written needs them locked before."""
    by_id = {account.id: account for account in accounts}
    uses = coupons.open_uses(list(by_id))
    own = BillingSettings
    # Plain columns: when a month is closed, a hundred thousand of these are read.
    said = (own.billing_email, own.billing_address, own.country, own.tax_id, own.tax_id_approved_at)
    statement = (
        select(own.user_id, *said, Subscription.plan_id, TaxRate.name, TaxRate.rate_bp)
        .join(Subscription, Subscription.user_id == BillingSettings.user_id)
        .outerjoin(TaxRate, TaxRate.country == BillingSettings.country)
        .where(any_of(BillingSettings.user_id, list(by_id)), RUNNING)
    )
    return {
        row.user_id: Payer(
            user_id=row.user_id,
            plan_id=row.plan_id,
            buyer=_buyer(by_id[row.user_id], row),
            taxation=taxation(
                row.country,
                tax=None if row.rate_bp is None else CountryTax(row.name, row.rate_bp),
                tax_id_is_approved=row.tax_id_approved_at is not None,
                seller_country=seller_country,
            ),
            credit_minor=by_id[row.user_id].credit_minor,
            uses=tuple(uses.get(row.user_id, ())),
        )
        for row in session.execute(statement)
    }


def payer(account: Account, *, seller_country: str) -> Payer:
    """Return one account as a payer."""
    return payers([account], seller_country=seller_country)[account.id]


def _buyer(account: Account, settings: Any) -> dict[str, object]:
    return {
        "user_id": account.id,
        "name": account.name,
        "email": settings.billing_email or account.email,
        "address": settings.billing_address or "",
        "country": settings.country or "",
        "tax_id": settings.tax_id or "",
    }
