"""The names of countries, as people read them."""

from functools import cache

from babel import Locale

from app.domain.accounts.countries import COUNTRIES


@cache
def country_names() -> dict[str, str]:
    """Return every country's name by its two letters, in the order of the names."""
    names = Locale("en").territories
    return dict(sorted(((code, names[code]) for code in COUNTRIES), key=lambda named: named[1]))
