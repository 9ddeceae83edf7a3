"""Plans as they are offered: periods that run keep the terms they started with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import plan_making, queries
from app.domain.catalog.errors import PayAsYouGoFixed, PlanIdTaken
from app.domain.catalog.models import Plan
from app.domain.catalog.plan_drafts import PlanDraft, PlanWarning, checked_plan
from app.domain.reporting.plan_effects import PlanEffect, plan_effect
from app.domain.subscriptions.queries import terms_ahead, terms_of
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.once import FormSentTwice, check_first_time
from app.entrypoints.web.operator.desk import actor, local, show
from app.entrypoints.web.operator.forms import NewPlanForm, PlanChangeForm, PlanForm
from app.entrypoints.web.operator.journal_reading import Detail, acts_told, details_told
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.shown_values import catch_up
from app.entrypoints.web.signing_in import signed_in_transaction
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.sentences import say
from app.workflows.announce_price_rises import AHEAD

# Older ones stand in the journal.
VERSIONS_MAX = 50
EMPTY = PlanDraft(name="", monthly_quota=0, monthly_price=0)

pages = Blueprint("plans", __name__)


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What a change of a plan comes to."""

    details: tuple[Detail, ...]
    # None where only words change, and where the plan stands.
    effect: PlanEffect | None
    is_dearer: bool
    warnings: tuple[PlanWarning, ...]


@pages.get("/plans")
def index() -> ResponseReturnValue:
    """Show every plan, those that cannot be chosen too, and what is odd about each."""
    plans = plan_making.plans_with_warnings(now=clock.now())
    return show("web/operator/plans/index.html", "web/operator/plans/_plans.html", plans=plans)


@pages.get("/plans/new")
def show_new() -> ResponseReturnValue:
    """Show an empty plan."""
    return _form_page(NewPlanForm(formdata=None, data=_as_typed(EMPTY)))


@pages.post("/plans/new")
def create() -> ResponseReturnValue:
    """Offer a new plan, or say at each field why not."""
    form, plan = NewPlanForm(), None
    if _is_readable(form, EMPTY):
        with (
            refusals_shown_on({PlanIdTaken: form.id, FormSentTwice: form.id}),
            wrong_fields_shown_on(form),
            signed_in_transaction(),
        ):
            check_first_time(form)
            plan_id = (form.id.data or "").strip()
            plan = plan_making.create_plan(plan_id, _draft(form), actor=actor(), now=clock.now())
    return _form_page(form) if plan is None else _saved(plan)


@pages.get("/plans/<plan_id>")
def show_plan(plan_id: str) -> ResponseReturnValue:
    """Show a plan's terms in a form, and what became of them so far."""
    plan = queries.plan(plan_id)
    return _form_page(_filled(plan_making.draft_of(plan)), plan=plan)


@pages.post("/plans/<plan_id>")
def change(plan_id: str) -> ResponseReturnValue:
    """Say what the change comes to; once that is confirmed, offer the plan so from now on."""
    form, plan, preview = PlanChangeForm(), queries.plan(plan_id), None
    if _is_readable(form, plan_making.draft_of(plan)):
        with refusals_shown_on({PayAsYouGoFixed: form.monthly_price}), wrong_fields_shown_on(form):
            draft = _edited(plan_making.draft_of(plan), form)
            preview = _preview(plan, draft, now=clock.now())
            if form.confirmed.data == form.mark:
                return _change(plan, form)
    return _form_page(form, plan=plan, preview=None if form.errors else preview)


def _is_readable(form: PlanForm, draft: PlanDraft) -> bool:
    """Tell whether all that was sent can be read, or say at each field what is wrong.

    What cannot be read and what may not be is told at once: nobody corrects a form twice.
    """
    if form.validate():
        return True
    names = [name for name in PlanDraft.__slots__ if not form[name].errors]
    with wrong_fields_shown_on(form):
        checked_plan(replace(draft, **{name: form[name].data for name in names}))
    return False


def _change(plan: Plan, form: PlanChangeForm) -> ResponseReturnValue:
    with signed_in_transaction():
        plan_making.change_plan(
            plan.id, lambda draft: _edited(draft, form), actor=actor(), now=clock.now()
        )
    return _saved(plan)


def _edited(draft: PlanDraft, form: PlanChangeForm) -> PlanDraft:
    """Return a plan as it stands, with what the form changes of it. Raises ChangedMeanwhile."""
    catch_up(form, _filled(draft))
    return _draft(form)


def _filled(draft: PlanDraft) -> PlanChangeForm:
    return PlanChangeForm(formdata=None, data=_as_typed(draft))


def _preview(plan: Plan, draft: PlanDraft, *, now: datetime) -> PlanPreview:
    edit = plan_making.change_of(plan, draft)
    after = terms_ahead(plan.id, edit.terms)
    return PlanPreview(
        details=details_told(edit.changed, local=local()),
        effect=plan_effect(terms_of(plan), after, notice=AHEAD, now=now)
        if edit.is_of_terms
        else None,
        is_dearer=edit.terms.monthly_price_minor > plan.monthly_price_minor,
        warnings=plan_making.warnings_of(edit.terms, now=now),
    )


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


def _form_page(
    form: PlanForm, *, plan: Plan | None = None, preview: PlanPreview | None = None
) -> Response:
    acts = () if plan is None else plan_making.versions_of(plan, limit=VERSIONS_MAX)
    return show(
        "web/operator/plans/edit.html",
        "web/operator/plans/_edit.html",
        status=422 if form.errors else 200,
        form=form,
        plan=plan,
        preview=preview,
        versions=acts_told(acts, local=local(), known=("id",)),
    )
