"""What a plan may promise, and what an operator should know before it does. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.accounts.rules import UNSTORABLE
from app.domain.catalog.errors import PlanInvalid
from app.domain.catalog.price_changes import PRICE_PICO_MAX
from app.domain.catalog.rules import Price
from app.foundation import money
from app.foundation.errors import FieldError
from app.foundation.figures import usd_of_minor, usd_per_million
from app.foundation.sentences import Sentence, say, say_count, together

# Programs know it without `plan-`.
PLAN_ID = re.compile(r"plan-[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
QUOTA_MAX = 10**12
PRICE_MINOR_MAX = 100_000_000
# A card is not charged for less; a plan may be free, though.
PRICE_MINOR_MIN = 50
LIMIT_MAX = 1_000_000
ORDER_MAX = 10_000
FEATURES_MAX = 20
TEXT_LENGTHS_MAX = {"name": 80, "description": 500, "support_level": 40}
FEATURE_LENGTH_MAX = 200
COUNT_RANGES = {
    "monthly_quota": (0, QUOTA_MAX),
    "max_concurrent_req": (1, LIMIT_MAX),
    "rate_limit_per_min": (1, LIMIT_MAX),
    "display_order": (0, ORDER_MAX),
}


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan as somebody has written it down: dollars and percent, not yet checked."""

    name: str
    monthly_quota: int
    # USD a month.
    monthly_price: Decimal | int
    # USD a token; None: no extra tokens are for sale.
    extra_token_price: Decimal | int | None = None
    description: str = ""
    support_level: str = "email"
    max_concurrent_req: int = 5
    rate_limit_per_min: int = 60
    # Percent off the models' prices beyond the quota.
    overage_discount: Decimal | int = 0
    features: tuple[str, ...] = ()
    is_active: bool = True
    display_order: int = 100


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A plan's fields as they are stored, under the names of its columns."""

    name: str
    description: str
    monthly_quota: int
    monthly_price_minor: int
    extra_token_price_pico: int | None
    support_level: str
    max_concurrent_req: int
    rate_limit_per_min: int
    overage_discount_bp: int
    features: list[str]
    is_active: bool
    display_order: int


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something that is allowed, and probably not what was meant."""

    code: str
    detail: str


def checked_plan_id(text: str) -> str:
    """Return the plan's id. Raises PlanInvalid."""
    if not PLAN_ID.fullmatch(text):
        detail = say(
            "id must be plan- and 1 to 40 small letters, digits and hyphens, like plan-team."
        )
        raise PlanInvalid(detail, fields=[FieldError("id", "id_invalid", detail)])
    return text


def checked_plan(draft: PlanDraft) -> PlanTerms:
    """Return the plan's terms. Raises PlanInvalid for everything that is wrong with it."""
    faults = [*_text_faults(draft), *_price_faults(draft), *_count_faults(draft)]
    if faults:
        raise PlanInvalid(together([fault.detail for fault in faults]), fields=faults)
    extra = draft.extra_token_price
    return PlanTerms(
        name=draft.name.strip(),
        description=draft.description.strip(),
        monthly_quota=draft.monthly_quota,
        monthly_price_minor=money.minor_from_usd(draft.monthly_price),
        extra_token_price_pico=None if extra is None else _pico(extra),
        support_level=draft.support_level.strip(),
        max_concurrent_req=draft.max_concurrent_req,
        rate_limit_per_min=draft.rate_limit_per_min,
        overage_discount_bp=money.basis_points_from_percent(draft.overage_discount),
        features=[feature.strip() for feature in draft.features],
        is_active=draft.is_active,
        display_order=draft.display_order,
    )


def warnings(terms: PlanTerms, prices: Iterable[Price]) -> tuple[PlanWarning, ...]:
    """Return what is odd about the plan, given what models cost now."""
    return tuple([*_cheaper_than_inside(terms), *_cheaper_than_overage(terms, prices)])


def _cheaper_than_inside(terms: PlanTerms) -> Iterator[PlanWarning]:
    extra = terms.extra_token_price_pico
    if extra is None or not terms.monthly_quota:
        return
    bought_pico = extra * terms.monthly_quota
    if bought_pico < terms.monthly_price_minor * money.PICO_PER_MINOR:
        compared = {
            "quota": terms.monthly_quota,
            "bought": usd_of_minor(money.round_half_up(bought_pico, money.PICO_PER_MINOR)),
            "price": usd_of_minor(terms.monthly_price_minor),
        }
        yield PlanWarning(
            "extra_token_cheaper_than_plan",
            say(
                "{quota:,} extra tokens cost {bought}, the plan with as many costs {price}:"
                " whoever needs more does better to buy extra tokens than to take a larger plan.",
                compared,
            ),
        )


def _cheaper_than_overage(terms: PlanTerms, prices: Iterable[Price]) -> Iterator[PlanWarning]:
    extra = terms.extra_token_price_pico
    if extra is None:
        return
    left_bp = money.BASIS_POINTS - terms.overage_discount_bp
    # Even a model's cheapest tokens: then there is no request of it that would cost less.
    dearer = sorted(
        price.model_id
        for price in prices
        if price.included_in_plans
        and extra * money.BASIS_POINTS < min(price.prompt_pico, price.completion_pico) * left_bp
    )
    if dearer:
        price = usd_per_million(extra)
        yield PlanWarning("extra_token_cheaper_than_overage", _than_overage_of(dearer, price))


def _than_overage_of(dearer: Sequence[str], price: str) -> Sentence:
    others, named = len(dearer) - 1, {"model": dearer[0], "price": price}
    if not others:
        return say(
            "At {price} per million, extra tokens are cheaper than any overage of {model}:"
            " whoever buys them in time never pays that model’s price.",
            named,
        )
    return say_count(
        "At {price} per million, extra tokens are cheaper than any overage of {model} and one"
        " other model: whoever buys them in time never pays those models’ prices.",
        "At {price} per million, extra tokens are cheaper than any overage of {model} and {number}"
        " other models: whoever buys them in time never pays those models’ prices.",
        others,
        named,
    )


def _text_faults(draft: PlanDraft) -> Iterator[FieldError]:
    for name, most in TEXT_LENGTHS_MAX.items():
        text = getattr(draft, name).strip()
        if len(text) > most or UNSTORABLE.search(text) or not (text or name == "description"):
            said = {"field": name, "most": most}
            detail = say("{field} must have at most {most} visible characters.", said)
            yield _fault(name, detail)
    if len(draft.features) > FEATURES_MAX:
        detail = say("features must be at most {most} texts.", {"most": FEATURES_MAX})
        yield _fault("features", detail)
    for number, feature in enumerate(draft.features):
        if not 0 < len(feature.strip()) <= FEATURE_LENGTH_MAX or UNSTORABLE.search(feature):
            detail = say(
                "A feature has 1 to {most} visible characters.", {"most": FEATURE_LENGTH_MAX}
            )
            path = f"features[{number}]"
            yield FieldError(path, "features_invalid", detail)


def _price_faults(draft: PlanDraft) -> Iterator[FieldError]:
    price = _minor(draft.monthly_price)
    if price is None or not (price == 0 or PRICE_MINOR_MIN <= price <= PRICE_MINOR_MAX):
        detail = say("monthly_price must be an amount in USD: 0, or from 0.50 to 1,000,000.")
        yield _fault("monthly_price", detail)
    discount = _minor(draft.overage_discount)
    if discount is None or not 0 <= discount <= money.BASIS_POINTS:
        detail = say(
            "overage_discount must be a percentage from 0 to 100 with at most two decimals."
        )
        yield _fault("overage_discount", detail)
    if draft.extra_token_price is None:
        return
    try:
        sellable = 0 < _pico(draft.extra_token_price) <= PRICE_PICO_MAX
    except ValueError:
        sellable = False
    if not sellable:
        detail = say(
            "extra_token_price must be above 0 and at most 1 USD a token, exact to a pico-USD."
        )
        yield _fault("extra_token_price", detail)


def _count_faults(draft: PlanDraft) -> Iterator[FieldError]:
    for name, (least, most) in COUNT_RANGES.items():
        if not least <= getattr(draft, name) <= most:
            said = {"field": name, "least": least, "most": most}
            detail = say("{field} must be a whole number from {least} to {most:,}.", said)
            yield _fault(name, detail)


def _fault(name: str, detail: Sentence) -> FieldError:
    code = f"{name}_invalid"
    return FieldError(name, code, detail)


def _minor(amount: Decimal | int) -> int | None:
    try:
        return money.minor_from_usd(amount)
    except ValueError:
        return None


def _pico(usd: Decimal | int) -> int:
    return money.pico_from_usd_per_token(Decimal(usd))
