"""The languages that people are spoken to in: catalogs of translations, names and dates.

A catalog is all `*.po` files of the language's folder under app/translations, read at first need:
what is edited is what is shown, with nothing to compile in between.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

ENGLISH = "en"
CHINESE = "zh"
# By the code that an account keeps: what browsers and screen readers call it.
LANGUAGES = {ENGLISH: "en", CHINESE: "zh-Hans"}
# Each language in its own words, for whoever looks for it.
NAMES = {ENGLISH: "English", CHINESE: "简体中文"}
# What stands between two sentences.
SENTENCE_GAPS = {ENGLISH: " ", CHINESE: ""}
TRANSLATIONS = Path(__file__).resolve().parent.parent.joinpath("translations")
ZONE_ALIASES: Mapping[str, str] = get_global("zone_aliases")
DAYS = {ENGLISH: "d MMM y", CHINESE: "y年M月d日"}
SHORT_DAYS = {ENGLISH: "d MMM", CHINESE: "M月d日"}
MONTHS = {ENGLISH: "MMM y", CHINESE: "y年M月"}
LONG_MONTHS = {ENGLISH: "MMMM y", CHINESE: "y年M月"}
MONTH_NAMES = {ENGLISH: "MMMM", CHINESE: "M月"}
SHORT_MONTH_NAMES = {ENGLISH: "MMM", CHINESE: "M月"}
WEEKDAYS = {ENGLISH: "EEEE, d MMMM y", CHINESE: "y年M月d日 EEEE"}
SHORT_WEEKDAYS = {ENGLISH: "EEE d MMM y", CHINESE: "y年M月d日 EEE"}
# Rare characters of names, and those that are read otherwise in names: each with a common one that
# sounds as it does there.
SOUNDS_LIKE = str.maketrans("斐梵汶珀瑙矶腓讷柏秘", "匪饭问破脑机肥呢伯必")


@cache
def translations(language: str) -> NullTranslations:
    """Return what turns our English sentences into the language; English stays as it is."""
    files = sorted(TRANSLATIONS.joinpath(language).glob("*.po")) if language in LANGUAGES else []
    if not files:
        return NullTranslations()
    whole = Catalog(locale=language)
    for path in files:
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


@cache
def territories(language: str) -> dict[str, str]:
    """Return the names of countries and regions by their two letters."""
    return dict(Locale.parse(language).territories)


@cache
def cities(language: str) -> dict[str, str]:
    """Return what cities are called after which time zones are named, by the zone's name."""
    zones = Locale.parse(language).time_zones
    named = {name: str(zone["city"]) for name, zone in zones.items() if "city" in zone}
    # Zones have had other names, and some are described under one of those.
    for one, other in ZONE_ALIASES.items():
        for name, known in ((one, other), (other, one)):
            if known in named:
                named.setdefault(name, named[known])
    return named


def in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order in which their readers look for them."""
    # This encoding has common Chinese characters in the order in which they are pronounced, and
    # after them the rare ones in the order of their strokes.
    return sorted(names, key=lambda name: (name.translate(SOUNDS_LIKE).encode("gb18030"), name))


def best_language(wanted: Iterable[str]) -> str:
    """Return ours that suits best what a browser wants (most wanted first); else English."""
    for tag in wanted:
        # zh-CN, zh-Hans-SG and zh-TW are all read more easily in Chinese than in English.
        code = tag.lower().partition("-")[0]
        if code in LANGUAGES:
            return code
    return ENGLISH


def day_in(language: str, there: date) -> str:
    """Return the date: 22 Nov 2026, 2026年11月22日."""
    return _written(language, there, DAYS[language])


def short_day_in(language: str, there: date) -> str:
    """Return the date without its year: 22 Nov, 11月22日."""
    return _written(language, there, SHORT_DAYS[language])


def month_in(language: str, there: date) -> str:
    """Return the month with its year: Nov 2026, 2026年11月."""
    return _written(language, there, MONTHS[language])


def long_month_in(language: str, there: date) -> str:
    """Return the month with its year, in full: November 2026, 2026年11月."""
    return _written(language, there, LONG_MONTHS[language])


def month_name_in(language: str, there: date) -> str:
    """Return the month alone: November, 11月."""
    return _written(language, there, MONTH_NAMES[language])


def short_month_in(language: str, there: date) -> str:
    """Return the month alone, shortened: Nov, 11月."""
    return _written(language, there, SHORT_MONTH_NAMES[language])


def weekday_in(language: str, there: date) -> str:
    """Return the date with its weekday: Sunday, 22 November 2026; 2026年11月22日 星期日."""
    return _written(language, there, WEEKDAYS[language])


def short_weekday_in(language: str, there: date) -> str:
    """Return the date with its weekday, shortened: Sun 22 Nov 2026; 2026年11月22日 周日."""
    return _written(language, there, SHORT_WEEKDAYS[language])


# Tables of ninety days name each day several times, and a pattern takes its time.
@lru_cache(maxsize=4096)
def _written(language: str, there: date, pattern: str) -> str:
    return str(format_date(there, pattern, locale=language))
