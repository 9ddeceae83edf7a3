"""Who pays: what the invoices of some accounts depend on, in two statements for all."""

from collections.abc import Sequence

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
    statement = (
        select(BillingSettings, Subscription.plan_id, TaxRate)
        .join(Subscription, Subscription.user_id == BillingSettings.user_id)
        .outerjoin(TaxRate, TaxRate.country == BillingSettings.country)
        .where(any_of(BillingSettings.user_id, list(by_id)), RUNNING)
    )
    return {
        settings.user_id: Payer(
            user_id=settings.user_id,
            plan_id=plan_id,
            buyer=_buyer(by_id[settings.user_id], settings),
            taxation=taxation(
                settings.country,
                tax=None if rate is None else CountryTax(rate.name, rate.rate_bp),
                tax_id_is_approved=settings.tax_id_approved_at is not None,
                seller_country=seller_country,
            ),
            credit_minor=by_id[settings.user_id].credit_minor,
            uses=tuple(uses.get(settings.user_id, ())),
        )
        for settings, plan_id, rate in session.execute(statement)
    }


def payer(account: Account, *, seller_country: str) -> Payer:
    """Return one account as a payer."""
    return payers([account], seller_country=seller_country)[account.id]


def _buyer(account: Account, settings: BillingSettings) -> dict[str, object]:
    return {
        "user_id": account.id,
        "name": account.name,
        "email": settings.billing_email or account.email,
        "address": settings.billing_address or "",
        "country": settings.country or "",
        "tax_id": settings.tax_id or "",
    }
