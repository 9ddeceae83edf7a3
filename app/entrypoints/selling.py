"""Who sells, from the settings: what every entrypoint that issues invoices hands on."""

from collections.abc import Callable

from flask import current_app

from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.invoices.operations import Seller
from app.entrypoints.gateways import gateway_for_page, gateways_for_news
from app.entrypoints.settings import renewal_grace
from app.workflows.switch_plan import Shop


def seller_of(settings: Settings) -> Seller:
    """Return the seller as invoices name him."""
    return Seller(
        name=settings.seller.name,
        address=settings.seller.address,
        country=settings.seller.country,
        vat_id=settings.seller.vat_id,
    )


def seller() -> Seller:
    """Return the seller of this app."""
    return seller_of(current_app.config["SETTINGS"])


def shop(provider: str, account: Account, *, look: Callable[[], None] | None) -> Shop:
    """Return what an account needs to buy something; `look` refuses whoever has lost his way in.

    Raises UnknownProvider, TooManyRequests.
    """
    return Shop(
        gateway=gateway_for_page(provider, account),
        asked=gateways_for_news(account),
        base_url=current_app.config["SETTINGS"].base_url,
        seller=seller(),
        grace=renewal_grace(),
        look=look,
    )
