"""The names of countries, as people read them."""

from functools import cache

from app.domain.accounts.countries import COUNTRIES
from app.foundation.languages import ENGLISH, territories


@cache
def country_names(language: str = ENGLISH) -> dict[str, str]:
    """Return every country's name by its two letters, in the order of the names."""
    names = territories(language)
    # This encoding has common Chinese characters in the order in which they are pronounced.
    return dict(
        sorted(
            ((code, names[code]) for code in COUNTRIES),
            key=lambda named: named[1].encode("gb18030"),
        )
    )
