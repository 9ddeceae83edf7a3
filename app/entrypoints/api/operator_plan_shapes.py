"""How plans are read from operators' programs, each field within the bounds that the domain has."""

from app.domain.catalog.plan_drafts import (
    COUNT_RANGES,
    FEATURE_LENGTH_MAX,
    FEATURES_MAX,
    PLAN_ID,
    PRICE_MINOR_MAX,
    TEXT_LENGTHS_MAX,
)
from app.domain.catalog.price_changes import PRICE_PICO_MAX
from app.entrypoints.api.reading_fields import NUMBER, TEXT, TEXTS, TRUTH, USD, WHOLE, Body
from app.foundation.money import (
    BASIS_POINTS,
    percent_from_basis_points,
    usd_from_minor,
    usd_per_token_from_pico,
)

# Named like the fields of a draft.
CHANGEABLE = {
    "name": TEXT.within(1, TEXT_LENGTHS_MAX["name"]),
    "description": TEXT.within(0, TEXT_LENGTHS_MAX["description"]),
    "monthly_quota": WHOLE.within(*COUNT_RANGES["monthly_quota"]).said("Tokens a month."),
    "monthly_price": USD.within(0, usd_from_minor(PRICE_MINOR_MAX)).said(
        "In USD: nothing, or from 0.50, with at most two decimals."
    ),
    "extra_token_price": USD.above_0(usd_per_token_from_pico(PRICE_PICO_MAX))
    .said("Per token. In USD, exact to a pico-USD.")
    .or_null("Null: none are for sale."),
    "support_level": TEXT.within(1, TEXT_LENGTHS_MAX["support_level"]),
    "max_concurrent_req": WHOLE.within(*COUNT_RANGES["max_concurrent_req"]),
    "rate_limit_per_min": WHOLE.within(*COUNT_RANGES["rate_limit_per_min"]),
    "overage_discount": NUMBER.within(0, percent_from_basis_points(BASIS_POINTS)).said(
        "In percent, with at most two decimals."
    ),
    "features": TEXTS.each(TEXT.within(1, FEATURE_LENGTH_MAX)).within(0, FEATURES_MAX),
    "is_active": TRUTH.said("Whether it can be chosen."),
    "display_order": WHOLE.within(*COUNT_RANGES["display_order"]),
}
NEW_PLAN = Body(
    "A new plan.",
    {"id": TEXT.like(PLAN_ID.pattern).said(example="plan-team"), **CHANGEABLE},
    required=("id", "name", "monthly_quota", "monthly_price"),
)
PLAN_CHANGE = Body("What is to change; periods that run keep their terms.", CHANGEABLE)
