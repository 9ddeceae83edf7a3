"""Who pays which tax: by country, and reversed for checked businesses abroad in the Union."""

import pytest

from app.domain.invoices.taxing import EUROPEAN_UNION, UNTAXED, CountryTax, Taxation, taxation

VAT, REVERSED = CountryTax("VAT", 1_900), Taxation(reverse_charge=True)


@pytest.mark.parametrize(
    ("country", "tax", "approved", "seller", "expected"),
    [
        (None, None, False, "DE", UNTAXED),
        ("DE", None, False, "DE", UNTAXED),
        ("DE", VAT, False, "DE", Taxation(1_900, "VAT")),
        # At home the id changes nothing.
        ("DE", VAT, True, "DE", Taxation(1_900, "VAT")),
        ("FR", VAT, False, "DE", Taxation(1_900, "VAT")),
        ("FR", VAT, True, "DE", REVERSED),
        ("FR", None, True, "DE", REVERSED),
        # Outside of the Union there is no reverse charge.
        ("CH", VAT, True, "DE", Taxation(1_900, "VAT")),
        ("CH", None, True, "DE", UNTAXED),
        (None, None, True, "DE", UNTAXED),
        ("GB", None, True, "DE", UNTAXED),
    ],
)
def test_follows_the_table(country, tax, approved, seller, expected) -> None:
    found = taxation(country, tax=tax, tax_id_is_approved=approved, seller_country=seller)
    assert found == expected


def test_knows_all_27_countries_of_the_union() -> None:
    assert len(EUROPEAN_UNION) == 27
