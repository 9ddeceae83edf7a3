"""Plans as they are offered: periods that run keep the terms they started with."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import plan_making, queries
from app.domain.catalog.errors import PayAsYouGoFixed, PlanIdTaken
from app.domain.catalog.models import Plan
from app.domain.catalog.plan_drafts import PlanDraft
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.forms import NewPlanForm, PlanForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.sentences import say

pages = Blueprint("plans", __name__)


@pages.get("/plans")
def index() -> ResponseReturnValue:
    """Show every plan, those that cannot be chosen too, and what is odd about each."""
    now = clock.now()
    plans = [(plan, plan_making.warnings_of(plan, now=now)) for plan in queries.plans()]
    return show("web/operator/plans/index.html", "web/operator/plans/_plans.html", plans=plans)


@pages.get("/plans/new")
def show_new() -> ResponseReturnValue:
    """Show an empty plan."""
    draft = PlanDraft(name="", monthly_quota=0, monthly_price=0)
    return _form_page(NewPlanForm(formdata=None, data=_as_typed(draft)))


@pages.post("/plans/new")
def create() -> ResponseReturnValue:
    """Offer a new plan, or say at each field why not."""
    form, plan = NewPlanForm(), None
    if form.validate():
        with refusals_shown_on({PlanIdTaken: form.id}), wrong_fields_shown_on(form), transaction():
            plan_id = (form.id.data or "").strip()
            plan = plan_making.create_plan(plan_id, _draft(form), actor=actor(), now=clock.now())
    return _form_page(form) if plan is None else _saved(plan)


@pages.get("/plans/<plan_id>")
def show_plan(plan_id: str) -> ResponseReturnValue:
    """Show a plan's terms in a form."""
    plan = queries.plan(plan_id)
    form = PlanForm(formdata=None, data=_as_typed(plan_making.draft_of(plan)))
    return _form_page(form, plan=plan)


@pages.post("/plans/<plan_id>")
def change(plan_id: str) -> ResponseReturnValue:
    """Change what the plan offers from now on, or say at each field why not."""
    form, plan = PlanForm(), queries.plan(plan_id)
    if form.validate():
        draft = _draft(form)
        with (
            refusals_shown_on({PayAsYouGoFixed: form.monthly_price}),
            wrong_fields_shown_on(form),
            transaction(),
        ):
            plan_making.change_plan(plan_id, lambda _: draft, actor=actor(), now=clock.now())
    return _form_page(form, plan=plan) if form.errors else _saved(plan)


def _draft(form: PlanForm) -> PlanDraft:
    return PlanDraft(**{name: getattr(form, name).data for name in PlanDraft.__slots__})


def _as_typed(draft: PlanDraft) -> Mapping[str, Any]:
    return {name: getattr(draft, name) for name in PlanDraft.__slots__}


def _saved(plan: Plan) -> ResponseReturnValue:
    tell(
        say(
            "The plan is saved. Running periods keep their terms;"
            " what is odd about it stands below."
        )
    )
    return redirect(url_for(".index"), 303)


def _form_page(form: PlanForm, *, plan: Plan | None = None) -> Response:
    return show(
        "web/operator/plans/edit.html",
        "web/operator/plans/_edit.html",
        status=422 if form.errors else 200,
        form=form,
        plan=plan,
    )
