"""The names of countries, as people read them."""

from functools import cache

from app.domain.accounts.countries import COUNTRIES
from app.foundation.languages import ENGLISH, in_order, territories


@cache
def country_names(language: str = ENGLISH) -> dict[str, str]:
    """Return every country's name by its two letters, in the order of the names."""
    names = territories(language)
    by_name = {names[code]: code for code in COUNTRIES}
    return {by_name[name]: name for name in in_order(by_name)}
