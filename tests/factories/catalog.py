"""Makes plans, prices and aliases beside those that the migrations bring."""

from datetime import UTC, datetime

from app.domain.catalog.models import ModelAlias, ModelPrice, Plan
from app.domain.catalog.price_memory import mark_change
from app.foundation.database import session
from tests.moments import NOW

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def make_plan(plan_id: str = "plan-team", *, now: datetime = NOW, **changes: object) -> Plan:
    """Make a plan on offer: 49.99 USD for 500,000 tokens."""
    given = {
        "name": plan_id.removeprefix("plan-").title(),
        "description": "For teams",
        "monthly_quota": 500_000,
        "monthly_price_minor": 4_999,
        "extra_token_price_pico": 120_000_000,
        "support_level": "email",
        "max_concurrent_req": 10,
        "rate_limit_per_min": 120,
        "features": ["Up to 500K tokens per month"],
        "display_order": 9,
        "created_at": now,
        "updated_at": now,
        **changes,
    }
    plan = Plan(id=plan_id, **given)
    session.add(plan)
    session.commit()
    return plan


def make_price(
    model_id: str,
    *,
    prompt_pico: int = 1_000_000,
    completion_pico: int = 2_000_000,
    **changes: object,
) -> ModelPrice:
    """Make a price that has held since ever: 1 USD and 2 USD per million tokens."""
    given = {"effective_from": SINCE_EVER, "created_at": NOW, **changes}
    price = ModelPrice(
        model_id=model_id,
        prompt_price_pico=prompt_pico,
        completion_price_pico=completion_pico,
        **given,
    )
    session.add(price)
    mark_change()
    session.commit()
    return price


def make_alias(alias: str, *, model_id: str) -> ModelAlias:
    """Make another name for a model."""
    row = ModelAlias(alias=alias, model_id=model_id, created_at=NOW)
    session.add(row)
    mark_change()
    session.commit()
    return row
