"""What operators' programs do with plans: list, make and change them."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from flask import Blueprint, Response

from app.domain.catalog import plan_making, queries
from app.domain.catalog.models import Plan
from app.domain.catalog.plan_drafts import PlanDraft
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators, operator_actor
from app.entrypoints.api.changing import changes
from app.entrypoints.api.operator_plan_shapes import NEW_PLAN, PLAN_CHANGE
from app.entrypoints.api.plan_shapes import plan_body
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.problems import sendable
from app.foundation import clock

calls = Blueprint("operator_plans", __name__)


@calls.get("/operator/plans")
@for_operators
def list_plans() -> Response:
    """Answer every plan, those that cannot be chosen too."""
    Parameters().check()
    now = clock.now()
    return answer({"plans": [_plan(plan, now=now) for plan in queries.plans()]})


@calls.get("/operator/plans/<plan_id>")
@for_operators
def show_plan(plan_id: str) -> Response:
    """Answer one plan."""
    Parameters().check()
    return answer(_plan(queries.plan(plan_id), now=clock.now()))


@calls.post("/operator/plans")
@for_operators
@changes
def create_plan() -> Response:
    """Offer a new plan, and say what is odd about it."""
    fields = NEW_PLAN.read(json_object())
    plan_id, now = fields.pop("id"), clock.now()
    plan = plan_making.create_plan(plan_id, PlanDraft(**fields), actor=operator_actor(), now=now)
    return answer(_plan(plan, now=now), status=201)


@calls.put("/operator/plans/<plan_id>")
@for_operators
@changes
def change_plan(plan_id: str) -> Response:
    """Change of a plan only what is named; periods that run keep their terms."""
    changed = partial(replace, **PLAN_CHANGE.read(json_object()))
    now = clock.now()
    plan = plan_making.change_plan(plan_id, changed, actor=operator_actor(), now=now)
    return answer(_plan(plan, now=now))


def _plan(plan: Plan, *, now: datetime) -> dict[str, object]:
    return {
        **plan_body(plan),
        "is_active": plan.is_active,
        "is_hidden": plan.is_hidden,
        "display_order": plan.display_order,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "warnings": [
            {"code": warning.code, "detail": sendable(warning.detail)}
            for warning in plan_making.warnings_of(plan, now=now)
        ],
    }
