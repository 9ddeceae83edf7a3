"""What time zones are called: in the reader's language, by the same words on every page."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from app.entrypoints.languages import language
from app.foundation.languages import ENGLISH, cities
from app.foundation.sentences import Sentence, say

UNIVERSAL = say("Universal")
REGIONS = {
    "Africa": say("Africa"),
    "America": say("America"),
    "Antarctica": say("Antarctica"),
    "Arctic": say("Arctic"),
    "Asia": say("Asia"),
    "Atlantic": say("Atlantic"),
    "Australia": say("Australia"),
    "Europe": say("Europe"),
    "Indian": say("Indian"),
    "Pacific": say("Pacific"),
}


def zone_called(name: str) -> str:
    """Return what the time zone is called; one that nobody is offered keeps its own name."""
    return _names_in(language()).get(name, name)


def zone_choices() -> dict[str, list[tuple[str, str]]]:
    """Return the time zones to choose from, by region, in the reader's language."""
    return _zones_in(language())


@cache
def _zones_in(code: str) -> dict[str, list[tuple[str, str]]]:
    choices = {UNIVERSAL.in_language(code): [("UTC", "UTC")]}
    names = _names_in(code)
    in_full = _short_names(list(names))
    for name, called in names.items():
        region, shown = name.partition("/")[0], _place(name)
        # Side by side, two names of one are told apart.
        is_short = name in in_full and called == shown
        told = _same(shown, _place(in_full[name])).in_language(code) if is_short else called
        choices.setdefault(REGIONS[region].in_language(code), []).append((name, told))
    return choices


@cache
def _names_in(code: str) -> dict[str, str]:
    # In English the zones' own names tell more than those of the cities.
    named = {} if code == ENGLISH else cities(code)
    offered = [name for name in sorted(available_timezones()) if name.partition("/")[0] in REGIONS]
    shared = Counter(named.get(name) for name in offered)
    # One city has several zones where it was called otherwise before.
    return {
        name: f"{named[name]} ({_place(name)})"
        if shared[named.get(name)] > 1 and name in named
        else named.get(name, _place(name))
        for name in offered
    }


def _place(zone_name: str) -> str:
    return zone_name.partition("/")[2].replace("_", " ").replace("/", " – ")


def _same(place: str, other: str) -> Sentence:
    return say("{place}, the same as {other}", {"place": place, "other": other})


def _short_names(offered: Sequence[str]) -> dict[str, str]:
    """Return the zones that are others without the country, and which: browsers know either."""
    long = (name for name in offered if name.count("/") > 1)
    short = {"/".join((name.split("/")[0], name.split("/")[-1])): name for name in long}
    return {name: short[name] for name in offered if name in short}
