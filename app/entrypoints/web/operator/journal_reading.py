"""The journal as operators read it: who did what, and what changed from what to what."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.accounts.devices import device_in_words
from app.domain.invoices import reasons
from app.domain.payments import cards, dispute_reasons
from app.entrypoints.languages import translated
from app.entrypoints.moments import read_moment
from app.entrypoints.web.operator.journal_words import (
    ACTS,
    ACTS_ON_NOBODY,
    ALL_PLANS,
    COMMAND_LINE,
    DETAILS,
    NO,
    NOTHING,
    SYSTEM,
    VALUES,
    VISITOR,
    YES,
)
from app.entrypoints.web.showing import clock_time
from app.foundation.figures import count, rate, usd_of_minor, usd_per_million
from app.foundation.journal import JournalEntry
from app.foundation.money import pico_from_usd_per_1k
from app.foundation.sentences import Sentence, say

# A number's unit stands at the end of its name.
UNITS: Mapping[str, Callable[[int], str]] = {
    "_minor": usd_of_minor,
    "_pico": lambda pico: say("{price} per million tokens", {"price": usd_per_million(pico)}),
    "_bp": rate,
}
MOMENTS = ("_at", "valid_from", "from")
# What is about somebody's browser, and why something was done, comes after what was done.
DEVICE = "device"
LAST = (DEVICE, "address", "reason")
# Whose reason is a provider's code.
DISPUTES = ("dispute_opened", "dispute_won", "dispute_lost")
# Whose reference is that of a card.
CARDS = ("card_saved", "card_removed", "card_made_default")
# What cards are called, each by its provider and its reference there.
Cards = Mapping[tuple[str, str], Sentence]
NO_CARDS: Cards = {}
# Details that tell together what something was, and what it is now.
PAIRS = (
    ("from", "to", "plan"),
    ("old", "new", "invoice"),
    ("before_minor", "after_minor", "credit_limit_minor"),
)
PRICES, PRICES_BEFORE = "usd_per_1k", "usd_per_1k_before"
# What a coupon gives is kept in the unit of its type.
COUPON_UNITS = {"percentage": "value_bp", "fixed": "value_minor"}
WITH_NAMES: Mapping[str, Callable[[str], Sentence]] = {
    "operator": lambda name: say("Operator {name}", {"name": name}),
    "customer": lambda name: say("Customer {name}", {"name": name}),
    "gateway": lambda name: say("Gateway {name}", {"name": name}),
    "key": lambda name: say("API key {name}", {"name": name}),
}
NAMELESS = {"system": SYSTEM, "visitor": VISITOR, "operator:command line": COMMAND_LINE}


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is told of an act; `before` is there if it was something else."""

    name: object
    value: object
    before: object = None
    # Under which name it is noted.
    noted_as: str = ""


@dataclass(frozen=True, slots=True)
class ActTold:
    """An act in words."""

    happened_at: datetime
    what: object
    who: object
    # The customer; an operator who did something to himself is none.
    user_id: str | None
    details: tuple[Detail, ...]


def acts_told(
    entries: Sequence[JournalEntry],
    *,
    local: ZoneInfo,
    known: Collection[str] = (),
    named: Cards = NO_CARDS,
) -> tuple[ActTold, ...]:
    """Return what the journal has noted in words, with moments in the reader's zone.

    Details that are `known` where the acts are read are left out.
    """
    return tuple(_act(entry, local, known, named.get(_card_of(entry))) for entry in entries)


def cards_named(entries: Sequence[JournalEntry]) -> Cards:
    """Return what the acts' cards are called, while we keep their digits.

    The journal itself, which forgets nothing, has those nowhere.
    """
    return cards.names_of({_card_of(entry) for entry in entries if entry.action in CARDS})


def details_told(details: Mapping[str, object], *, local: ZoneInfo) -> tuple[Detail, ...]:
    """Return the details of an act in words, of one that is only thought of too."""
    return tuple(_details(details, local))


def act_named(action: str, *, on_nobody: bool = False) -> object:
    """Return what a kind of act is called; what has no words yet, as it is noted."""
    known = ACTS_ON_NOBODY.get(action) if on_nobody else None
    return known or ACTS.get(action) or action.replace("_", " ").capitalize()


def actor_named(actor: str) -> object:
    """Return who that is; whoever has no words yet, as he is noted."""
    if actor in NAMELESS:
        return NAMELESS[actor]
    kind, _, name = actor.partition(":")
    if kind == "provider":
        return VALUES["provider"].get(name, name)
    return WITH_NAMES[kind](name) if kind in WITH_NAMES and name else actor


def _card_of(entry: JournalEntry) -> tuple[str, str]:
    return str(entry.details.get("provider")), str(entry.details.get("reference"))


def _act(
    entry: JournalEntry, local: ZoneInfo, known: Collection[str], card: Sentence | None
) -> ActTold:
    told = {name: value for name, value in entry.details.items() if name not in known}
    if card is not None:
        told["card"] = card
    if "reason" in told:
        told["reason"] = _reason(entry, told["reason"])
    return ActTold(
        happened_at=entry.happened_at,
        what=act_named(entry.action, on_nobody=entry.user_id is None),
        who=actor_named(entry.actor),
        user_id=None if entry.actor == f"operator:{entry.user_id}" else entry.user_id,
        details=tuple(_details(told, local)),
    )


def _reason(entry: JournalEntry, reason: object) -> object:
    """Return why it was done: a provider's code in words, and what we say by ourselves, too."""
    if not isinstance(reason, str):
        return reason
    if entry.action in DISPUTES:
        return dispute_reasons.with_code(reason)
    return reason if entry.actor.startswith("operator:") else reasons.read_again(reason)


def _details(details: Mapping[str, object], local: ZoneInfo) -> Iterator[Detail]:
    left = dict(details)
    for old, new, name in PAIRS:
        if old in left and new in left:
            yield _detail(name, {"from": left.pop(old), "to": left.pop(new)}, local)
    yield from _prices(left.pop(PRICES, None), left.pop(PRICES_BEFORE, None), local)
    if "value" in left:
        left[COUPON_UNITS.get(str(left.get("type")), "value")] = left.pop("value")
    if not left.get("description", True):
        del left["description"]
    for name in sorted(left, key=lambda name: (name in LAST, LAST.count(name), name)):
        yield _detail(name, left[name], local)


def _prices(prices: object, before: object, local: ZoneInfo) -> Iterator[Detail]:
    """Tell each price of a model by itself; of a change, those that are others now."""
    if not isinstance(prices, Mapping):
        return
    was = before if isinstance(before, Mapping) else None
    for name, price in prices.items():
        if was is None and price is not None:
            yield Detail(_name(name), _per_million(price))
        elif was is not None and was.get(name) != price:
            yield Detail(_name(name), _per_million(price), _per_million(was.get(name)))


def _per_million(usd_per_1k: object) -> object:
    if usd_per_1k is None:
        return NOTHING
    return UNITS["_pico"](pico_from_usd_per_1k(str(usd_per_1k)))


def _detail(name: str, value: object, local: ZoneInfo) -> Detail:
    if isinstance(value, Mapping) and set(value) == {"from", "to"}:
        was, is_now = (_shown(name, value[side], local) for side in ("from", "to"))
        return Detail(_name(name), is_now, was, noted_as=name)
    return Detail(_name(name), _shown(name, value, local), noted_as=name)


def _name(name: str) -> object:
    for unit in UNITS:
        name = name.removesuffix(unit)
    return DETAILS.get(name, name.replace("_", " "))


def _shown(name: str, value: object, local: ZoneInfo) -> object:
    if value is None or value == "":
        return ALL_PLANS if name == "applicable_plans" else NOTHING
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, int):
        return next((tell for unit, tell in UNITS.items() if name.endswith(unit)), count)(value)
    if isinstance(value, Mapping):
        parts = (_detail(part, inside, local) for part, inside in value.items())
        return ", ".join(f"{translated(part.name)} {translated(part.value)}" for part in parts)
    if isinstance(value, list):
        return ", ".join(str(translated(_shown(name, one, local))) for one in value) or NOTHING
    return value if isinstance(value, Sentence) else _text(name, str(value), local)


def _text(name: str, value: str, local: ZoneInfo) -> object:
    if name.endswith(MOMENTS):
        try:
            return clock_time(read_moment(value), local)
        except ValueError:
            return value
    if name == DEVICE:
        return device_in_words(value)
    return VALUES.get(name, {}).get(value, value)
