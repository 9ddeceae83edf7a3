"""All plans that there are, read once for everything that is worked out with them. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.catalog import queries as catalog
from app.domain.subscriptions.queries import terms_of
from app.domain.subscriptions.rules import Terms


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan by its name, and the terms a period of it would start with now."""

    name: str
    is_for_sale: bool
    terms: Terms


def known_plans() -> dict[str, KnownPlan]:
    """Return every plan by its id, in the order in which they are shown."""
    return {
        plan.id: KnownPlan(plan.name, plan.is_for_sale, terms_of(plan)) for plan in catalog.plans()
    }


def known_plan(plans: Mapping[str, KnownPlan], plan_id: str) -> KnownPlan:
    """Return the plan with this id. Raises UnknownPlan."""
    if plan_id not in plans:
        raise catalog.no_such_plan()
    return plans[plan_id]
