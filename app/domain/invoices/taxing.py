"""Which tax an account pays: by its country, from the operator's table. Pure."""

from dataclasses import dataclass

# Within it, a business with a checked VAT id owes the tax itself (Directive 2006/112/EC, art. 196).
EUROPEAN_UNION = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)


@dataclass(frozen=True, slots=True)
class Taxation:
    """The tax on an invoice, as it stands there."""

    rate_bp: int = 0
    name: str = ""
    # No tax is charged because the buyer owes it; the invoice says so.
    reverse_charge: bool = False


@dataclass(frozen=True, slots=True)
class CountryTax:
    """A line of the operator's table."""

    name: str
    rate_bp: int


UNTAXED = Taxation()


def taxation(
    country: str | None, *, tax: CountryTax | None, tax_id_is_approved: bool, seller_country: str
) -> Taxation:
    """Return the tax that a buyer of the country pays; none where the table has no line for it."""
    abroad = country in EUROPEAN_UNION and country != seller_country
    if tax_id_is_approved and abroad:
        return Taxation(reverse_charge=True)
    return UNTAXED if tax is None else Taxation(tax.rate_bp, tax.name)
