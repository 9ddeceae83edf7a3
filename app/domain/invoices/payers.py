"""Who pays: what the invoices of some accounts depend on, in two statements for all."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from app.domain.accounts.models import Account, BillingSettings
from app.domain.coupons import queries as coupons
from app.domain.coupons.discounting import OpenUse
from app.domain.invoices.bills import Payer
from app.domain.invoices.models import TaxRate
from app.domain.invoices.taxing import CountryTax, taxation
from app.domain.subscriptions.models import RUNNING, Subscription
from app.foundation.bulk import any_of
from app.foundation.database import session


def payers(accounts: Sequence[Account], *, seller_country: str) -> dict[str, Payer]:
    """Return the accounts as payers, by id; what is to be written needs them locked before."""
    uses = coupons.open_uses([account.id for account in accounts])
    read = _payers_and_settings(accounts, uses, seller_country=seller_country)
    return {user_id: payer for user_id, (payer, _) in read.items()}


def payer(account: Account, *, seller_country: str) -> Payer:
    """Return one account as a payer."""
    return payers([account], seller_country=seller_country)[account.id]


def payer_and_settings(account: Account, *, seller_country: str) -> tuple[Payer, BillingSettings]:
    """Return one account as a payer, and what it has set."""
    uses = coupons.open_uses([account.id])
    return _payers_and_settings([account], uses, seller_country=seller_country)[account.id]


def plain_payer_and_settings(
    account: Account, *, seller_country: str
) -> tuple[Payer, BillingSettings]:
    """Return the same of who buys extra tokens: without coupons and credit, in one statement."""
    read = _payers_and_settings([account], {}, seller_country=seller_country)
    buyer, chosen = read[account.id]
    return buyer.paying_plainly(), chosen


def _payers_and_settings(
    accounts: Sequence[Account], uses: Mapping[str, Sequence[OpenUse]], *, seller_country: str
) -> dict[str, tuple[Payer, BillingSettings]]:
    by_id = {account.id: account for account in accounts}
    statement = (
        select(BillingSettings, Subscription.plan_id, TaxRate)
        .join(Subscription, Subscription.user_id == BillingSettings.user_id)
        .outerjoin(TaxRate, TaxRate.country == BillingSettings.country)
        .where(any_of(BillingSettings.user_id, list(by_id)), RUNNING)
    )
    return {
        settings.user_id: (
            Payer(
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
            ),
            settings,
        )
        for settings, plan_id, rate in session.execute(statement)
    }


def _buyer(account: Account, settings: BillingSettings) -> dict[str, object]:
    return {
        "user_id": account.id,
        "name": account.name,
        "email": settings.billing_email or account.email,
        "address": settings.billing_address or "",
        "country": settings.country or "",
        "tax_id": settings.tax_id or "",
    }
