"""Every country that may be told has a name, in each of our languages."""

import pytest

from app.domain.accounts.countries import COUNTRIES
from app.entrypoints.countries import country_names


@pytest.mark.parametrize(
    ("locale", "germany"), [("en", "Germany"), ("zh", "德国"), ("xx", "Germany")]
)
def test_names_every_country(locale: str, germany: str) -> None:
    names = country_names(locale)
    assert set(names) == COUNTRIES and len(COUNTRIES) == 249
    assert names["DE"] == germany
    assert list(names.values()) == sorted(names.values())
