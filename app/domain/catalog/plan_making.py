"""How operators make plans and change them. Changes state; never commits.

A period keeps the terms it started with, so nothing here touches one that runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain.catalog import plan_drafts, queries
from app.domain.catalog.errors import PayAsYouGoFixed, PlanIdTaken
from app.domain.catalog.models import PAY_AS_YOU_GO, Plan
from app.domain.catalog.operations import lock_prices
from app.domain.catalog.plan_drafts import PlanDraft, PlanTerms, PlanWarning
from app.foundation import journal
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.foundation.money import (
    percent_from_basis_points,
    usd_from_minor,
    usd_per_token_from_pico,
)
from app.foundation.sentences import say

PLAN_CREATED, PLAN_CHANGED = "plan_created", "plan_changed"
# What a period takes from its plan when it starts.
GIVEN_TO_PERIODS = (
    *("monthly_quota", "monthly_price_minor", "extra_token_price_pico", "overage_discount_bp"),
    *("max_concurrent_req", "rate_limit_per_min"),
)
FIXED_OF_PAY_AS_YOU_GO = (
    *("monthly_quota", "monthly_price_minor", "extra_token_price_pico", "overage_discount_bp"),
    "is_active",
)


@dataclass(frozen=True, slots=True)
class PlanEdit:
    """A plan's terms as they shall be, and what that changes: from what to what, by column."""

    terms: PlanTerms
    changed: Mapping[str, Mapping[str, object]]

    @property
    def is_of_terms(self) -> bool:
        """Tell whether it changes what periods are given, and not just words and the list."""
        return any(name in self.changed for name in GIVEN_TO_PERIODS)


def create_plan(plan_id: str, draft: PlanDraft, *, actor: str, now: datetime) -> Plan:
    """Offer a new plan. Raises PlanInvalid and PlanIdTaken."""
    plan_drafts.checked_plan_id(plan_id)
    terms = plan_drafts.checked_plan(draft)
    # Whoever makes plans at the same time waits here, and then sees ours.
    lock_prices()
    if session.get(Plan, plan_id) is not None:
        raise PlanIdTaken(say("There is a plan with the id {id} already.", {"id": plan_id}))
    plan = Plan(id=plan_id, is_hidden=False, created_at=now, updated_at=now, **asdict(terms))
    session.add(plan)
    session.flush()
    details = {"id": plan_id, **asdict(terms)}
    journal.write(PLAN_CREATED, actor=actor, now=now, details=details)
    return plan


def change_plan(
    plan_id: str, edit: Callable[[PlanDraft], PlanDraft], *, actor: str, now: datetime
) -> Plan:
    """Change a plan, locked: `edit` is given it as it stands and returns it as it shall be.

    Raises UnknownPlan, PlanInvalid and PayAsYouGoFixed.
    """
    queries.plan(plan_id)
    plan = session.scalars(select(Plan).where(Plan.id == plan_id).with_for_update()).one()
    change = change_of(plan, edit(draft_of(plan)))
    if change.changed:
        for name, values in change.changed.items():
            setattr(plan, name, values["to"])
        plan.updated_at = now
        details = {"id": plan_id, **change.changed}
        journal.write(PLAN_CHANGED, actor=actor, now=now, details=details)
    return plan


def change_of(plan: Plan, draft: PlanDraft) -> PlanEdit:
    """Return what a draft changes of a plan; nothing is changed. Raises what change_plan raises."""
    terms = plan_drafts.checked_plan(draft)
    was, will_be = asdict(terms_of(plan)), asdict(terms)
    changed: dict[str, dict[str, object]] = {
        name: {"from": was[name], "to": value}
        for name, value in will_be.items()
        if value != was[name]
    }
    if plan.id == PAY_AS_YOU_GO and any(name in changed for name in FIXED_OF_PAY_AS_YOU_GO):
        raise PayAsYouGoFixed(
            say(
                "Pay as you go has no quota, no price, no discount and no extra tokens,"
                " and is always there; only its words and limits can change."
            )
        )
    return PlanEdit(terms, changed)


def versions_of(plan: Plan, *, limit: int) -> Sequence[JournalEntry]:
    """Return what was changed of the plan, by whom and when, the newest first."""
    acts = (PLAN_CREATED, PLAN_CHANGED)
    return journal.entries_with(acts, name="id", value=plan.id, limit=limit)


def plans_with_warnings(*, now: datetime) -> Sequence[tuple[Plan, tuple[PlanWarning, ...]]]:
    """Return every plan with what the operator should know of it: two statements for all."""
    prices = queries.prices_at(now)
    return [(plan, plan_drafts.warnings(terms_of(plan), prices)) for plan in queries.plans()]


def warnings_of(plan: Plan | PlanTerms, *, now: datetime) -> tuple[PlanWarning, ...]:
    """Return what the operator should know of a plan that is offered so now."""
    return plan_drafts.warnings(terms_of(plan), queries.prices_at(now))


def draft_of(plan: Plan) -> PlanDraft:
    """Return a plan as somebody would write it down."""
    extra = plan.extra_token_price_pico
    return PlanDraft(
        name=plan.name,
        monthly_quota=plan.monthly_quota,
        monthly_price=usd_from_minor(plan.monthly_price_minor),
        extra_token_price=None if extra is None else usd_per_token_from_pico(extra),
        description=plan.description,
        support_level=plan.support_level,
        max_concurrent_req=plan.max_concurrent_req,
        rate_limit_per_min=plan.rate_limit_per_min,
        overage_discount=percent_from_basis_points(plan.overage_discount_bp),
        features=tuple(plan.features),
        is_active=plan.is_active,
        display_order=plan.display_order,
    )


def terms_of(plan: Plan | PlanTerms) -> PlanTerms:
    """Return what the plan promises now."""
    return PlanTerms(**{name: getattr(plan, name) for name in PlanTerms.__slots__})
