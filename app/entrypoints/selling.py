"""Who sells, from the settings: what every entrypoint that issues invoices hands on."""

from app.config import Settings
from app.domain.invoices.operations import Seller


def seller_of(settings: Settings) -> Seller:
    """Return the seller as invoices name him."""
    return Seller(
        name=settings.seller_name,
        address=settings.seller_address,
        country=settings.seller_country,
        vat_id=settings.seller_vat_id,
    )
