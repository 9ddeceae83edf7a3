"""Every country that may be told has a name."""

from app.domain.accounts.countries import COUNTRIES
from app.entrypoints.countries import country_names


def test_names_every_country() -> None:
    names = country_names()
    assert set(names) == COUNTRIES and len(COUNTRIES) == 249
    assert names["DE"] == "Germany"
    assert list(names.values()) == sorted(names.values())
