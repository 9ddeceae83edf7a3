"""Plans as JSON."""

from app.domain.catalog.models import Plan
from app.foundation.money import percent_from_basis_points, usd_from_minor, usd_per_token_from_pico


def plan_body(plan: Plan) -> dict[str, object]:
    """Return what everybody may know of a plan."""
    price = plan.extra_token_price_pico
    return {
        "id": plan.id,
        "name": plan.name,
        "description": plan.description,
        "monthly_quota": plan.monthly_quota,
        "monthly_price": usd_from_minor(plan.monthly_price_minor),
        # Null: no extra tokens are for sale on this plan.
        "extra_token_price": None if price is None else usd_per_token_from_pico(price),
        "support_level": plan.support_level,
        "max_concurrent_req": plan.max_concurrent_req,
        "rate_limit_per_min": plan.rate_limit_per_min,
        "overage_discount": percent_from_basis_points(plan.overage_discount_bp),
        "features": plan.features,
    }
