"""The plans on offer; anyone may ask."""

from flask import Blueprint, Response

from app.domain.catalog import queries as catalog
from app.entrypoints.api.answering import answer
from app.entrypoints.api.plan_shapes import plan_body
from app.entrypoints.api.reading_queries import Parameters

calls = Blueprint("plans", __name__)


@calls.get("/plans")
def get_plans() -> Response:
    """Answer the plans that a customer may choose."""
    Parameters().check()
    return answer({"plans": [plan_body(plan) for plan in catalog.plans_for_sale()]})
