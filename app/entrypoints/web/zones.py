"""What time zones are called: in the reader's language, by the same words on every page."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from wtforms import Field
from wtforms.form import BaseForm

from app.domain.accounts.rules import zone_names
from app.entrypoints.languages import language
from app.foundation.languages import ENGLISH, ZONE_ALIASES, cities, in_order
from app.foundation.sentences import say

UTC = "UTC"
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
# Younger than the names that we have of cities.
YOUNG = {"America/Coyhaique": say("Coyhaique")}

# A zone, what it is called, and what else stands on its option.
Choice = tuple[str, str, dict[str, str]]
Choices = dict[str, list[Choice]]


def zone_called(name: str) -> str:
    """Return what the time zone is called; one that nobody is offered keeps its own name."""
    return _names_in(language()).get(_canonical(name), name)


def zone_choices(_form: BaseForm, field: Field) -> Choices:
    """Return the time zones to choose from, by region, in the order of the reader's language.

    Each stands there once, by its newest name; who has it by an older one keeps that, and so does
    who has one that nobody is offered.
    """
    choices, kept = _zones_in(language()), field.data
    names = _names_in(ENGLISH)
    # What the account has may be what only one machine knows; what was typed may be nothing at all.
    if kept in names or (kept not in zone_names() and kept != field.object_data):
        return choices
    shown = _canonical(kept)
    if shown not in names:
        universal = str(UNIVERSAL.in_language(language()))
        return choices | {universal: [*choices[universal], (kept, kept, {})]}
    return {
        region: [_kept(each, shown, kept) for each in zones] for region, zones in choices.items()
    }


# Our types of WTForms do not know yet that choices may depend on their field.
ZONES: Any = zone_choices


def _kept(choice: Choice, shown: str, kept: str) -> Choice:
    name, called, attributes = choice
    return (kept, called, attributes) if name == shown else choice


@cache
def _zones_in(code: str) -> Choices:
    names, former = _names_in(code), _former_names()
    regions = {each: str(said.in_language(code)) for each, said in REGIONS.items()}
    in_their_order = {regions[each]: each for each in regions}
    choices: Choices = {str(UNIVERSAL.in_language(code)): [(UTC, UTC, {})]}
    for region in in_order(in_their_order):
        begins = f"{in_their_order[region]}/"
        of_region = {called: name for name, called in names.items() if name.startswith(begins)}
        choices[region] = [_choice(of_region[each], names, former) for each in in_order(of_region)]
    return choices


def _choice(name: str, names: Mapping[str, str], former: Mapping[str, list[str]]) -> Choice:
    # Browsers know some zones by the name they had before.
    return name, names[name], {"data-former": " ".join(former[name])} if name in former else {}


@cache
def _names_in(code: str) -> dict[str, str]:
    # In English the zones' own names tell more than those of the cities.
    named = {} if code == ENGLISH else cities(code)
    young = {name: str(said.in_language(code)) for name, said in YOUNG.items()}
    offered = {
        name: young.get(name) or named.get(name, _place(name))
        for name in zone_names() - ZONE_ALIASES.keys()
        if name.partition("/")[0] in REGIONS
    }
    return {UTC: UTC, **offered}


@cache
def _former_names() -> Mapping[str, list[str]]:
    former = defaultdict(list)
    for name in sorted(ZONE_ALIASES):
        former[_canonical(name)].append(name)
    return former


def _canonical(name: str) -> str:
    """Return the name that a zone has now."""
    newest = ZONE_ALIASES.get(name, name)
    return UTC if newest == ZONE_ALIASES[UTC] else newest


def _place(zone_name: str) -> str:
    return zone_name.partition("/")[2].replace("_", " ").replace("/", " – ")
