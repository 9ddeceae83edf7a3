"""The names of countries, as people read them."""

from functools import lru_cache

from babel import Locale

from app.domain.accounts.countries import COUNTRIES

# Our languages, and what the Unicode consortium calls them.
LOCALES = {"en": "en", "zh": "zh_Hans"}


@lru_cache(maxsize=len(LOCALES))
def country_names(locale: str) -> dict[str, str]:
    """Return every country's name by its two letters, in the order of the names."""
    names = Locale.parse(LOCALES.get(locale, "en")).territories
    return dict(sorted(((code, names[code]) for code in COUNTRIES), key=lambda named: named[1]))
