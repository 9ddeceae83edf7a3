"""How one price of a model follows another, and what a whole price table changes. Pure.

The prices in force of a model follow one another without gap or overlap, and the last has no end.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.accounts.rules import UNSTORABLE
from app.domain.catalog.errors import ModelNameInvalid, PriceBegun, PriceInvalid, UnknownPrice
from app.foundation import money
from app.foundation.sentences import say

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
MODEL_NAME_LENGTH_MAX = 255
# 1,000 USD per 1,000 tokens: a hundred times the dearest known, and any record of it still counts.
PRICE_PICO_MAX = 10**12


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What a model's tokens cost, in pico-USD a token."""

    prompt_pico: int
    completion_pico: int
    # None: such tokens cost what prompt tokens cost.
    cache_read_pico: int | None = None
    cache_write_pico: int | None = None
    # None, here and below: as it was before, or unknown and included.
    provider: str | None = None
    included_in_plans: bool | None = None

    def completed_by(self, before: "PriceTerms | None") -> "PriceTerms":
        """Return the terms with what they leave open taken from those before them."""
        known = before if before is not None else self
        included = self.included_in_plans
        if included is None:
            included = known.included_in_plans is not False
        return replace(self, provider=self.provider or known.provider, included_in_plans=included)

    def costs_like(self, other: "PriceTerms") -> bool:
        """Tell whether tokens cost the same; the provider is only a label."""
        return replace(self, provider=None) == replace(other, provider=None)


@dataclass(frozen=True, slots=True)
class PriceInForce:
    """A price that counts for `[effective_from, effective_to)`."""

    id: int
    model_id: str
    terms: PriceTerms
    effective_from: datetime
    effective_to: datetime | None
    set_by: str | None


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What has to be written so that a model costs something else from a moment on."""

    model_id: str
    terms: PriceTerms
    starts_at: datetime
    before: PriceTerms | None
    # Prices that started later: they count for nothing any more.
    replaced_ids: tuple[int, ...]
    # The price that ends where this one starts.
    ended_id: int | None = None
    # The price that goes on without an end instead, because it says the same.
    reopened_id: int | None = None


@dataclass(frozen=True, slots=True)
class PriceWithdrawal:
    """What has to be written so that a price never begins."""

    price: PriceInForce
    # The price that goes on instead, and what it says; None: the model has no price then.
    extended_id: int | None
    before: PriceTerms | None


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """What a public price table says of a model."""

    model_id: str
    terms: PriceTerms
    # Prices of the entry that we cannot charge, such as tiers, in words.
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry of a public price table that gives no price, and why."""

    model_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A public price table as it was read."""

    prices: Sequence[ListedPrice]
    skipped: Sequence[SkippedEntry]


@dataclass(frozen=True, slots=True)
class PriceImport:
    """What a price table changes."""

    new: Sequence[PriceChange]
    changed: Sequence[PriceChange]
    unchanged: int
    # Models of the table that keep a price or an alias set by hand.
    kept: Sequence[str]


def checked_model_name(name: str) -> str:
    """Return the model's name. Raises ModelNameInvalid."""
    if not name or len(name) > MODEL_NAME_LENGTH_MAX:
        most = {"most": MODEL_NAME_LENGTH_MAX}
        raise ModelNameInvalid(say("A model’s name has 1 to {most} characters.", most))
    if UNSTORABLE.search(name) or name != name.strip():
        raise ModelNameInvalid(say("A model’s name has no control characters and no outer spaces."))
    return name


def is_unstorable(name: str) -> bool:
    """Tell whether a name holds characters that no database stores."""
    return UNSTORABLE.search(name) is not None


def pico_of_price(name: str, usd_per_1k: str) -> int:
    """Read a price in USD per 1,000 tokens; `name` tells which. Raises PriceInvalid."""
    try:
        return money.pico_from_usd_per_1k(usd_per_1k)
    except ValueError as error:
        said = {"name": name, "reason": error.args[0]}
        raise PriceInvalid(say("The {name} price is not valid: {reason}.", said)) from error


def check_terms(terms: PriceTerms) -> None:
    """Refuse prices that are negative or beyond every use. Raises PriceInvalid."""
    prices = (
        terms.prompt_pico,
        terms.completion_pico,
        terms.cache_read_pico,
        terms.cache_write_pico,
    )
    if any(pico is not None and not 0 <= pico <= PRICE_PICO_MAX for pico in prices):
        raise PriceInvalid(say("A price must be from 0 to 1,000 USD per 1,000 tokens."))


def find_change(
    model_id: str, in_force: Sequence[PriceInForce], terms: PriceTerms, *, starts_at: datetime
) -> PriceChange | None:
    """Return what makes these the model's terms from a moment on; None if they are already.

    The prices in force are given in the order of time.
    """
    later = [price for price in in_force if price.effective_from >= starts_at]
    running = next((p for p in reversed(in_force) if p.effective_from < starts_at), None)
    at_start = next((p for p in later if p.effective_from == starts_at), None)
    before = at_start or running
    known = before or (later[0] if later else None)
    terms = terms.completed_by(known.terms if known else None)
    change = PriceChange(
        model_id=model_id,
        terms=terms,
        starts_at=starts_at,
        before=before.terms if before else None,
        replaced_ids=tuple(price.id for price in later),
    )
    if running is not None and running.terms.costs_like(terms):
        return replace(change, reopened_id=running.id) if later else None
    if at_start is not None and at_start.terms.costs_like(terms):
        rest = change.replaced_ids[1:]
        return replace(change, replaced_ids=rest, reopened_id=at_start.id) if rest else None
    return replace(change, ended_id=running.id if running else None)


def find_withdrawal(
    in_force: Sequence[PriceInForce], price_id: int, *, now: datetime
) -> PriceWithdrawal:
    """Return what lets a price never begin. Raises UnknownPrice and PriceBegun.

    The prices in force are given in the order of time.
    """
    place = next((at for at, price in enumerate(in_force) if price.id == price_id), None)
    if place is None:
        raise UnknownPrice(say("There is no such price, or it does not count any more."))
    price = in_force[place]
    if price.effective_from <= now:
        raise PriceBegun(say("This price counts already. Set another one from now on instead."))
    before = in_force[place - 1] if place else None
    return PriceWithdrawal(price, before.id if before else None, before.terms if before else None)


def import_changes(
    listed: Sequence[ListedPrice],
    in_force: Mapping[str, Sequence[PriceInForce]],
    *,
    aliases: Collection[str],
    override: Collection[str],
    now: datetime,
) -> PriceImport:
    """Return what a price table changes: new models since ever, changed ones from now on.

    What was set by hand stays, a price as well as an alias, unless `override` names it.
    """
    new: list[PriceChange] = []
    changed: list[PriceChange] = []
    kept: list[str] = []
    for price in listed:
        prices = in_force.get(price.model_id, ())
        by_hand = price.model_id in aliases or (prices and prices[-1].set_by is not None)
        if by_hand and price.model_id not in override:
            kept.append(price.model_id)
            continue
        starts_at = now if prices else SINCE_EVER
        change = find_change(price.model_id, prices, price.terms, starts_at=starts_at)
        if change is not None:
            (changed if prices else new).append(change)
    unchanged = len(listed) - len(new) - len(changed) - len(kept)
    return PriceImport(new=new, changed=changed, unchanged=unchanged, kept=kept)
