"""The plans: which one runs, what a switch comes to, switching, cancelling, taking it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.errors import DeletionPending
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices import queries as invoices
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments import queries as payments
from app.domain.payments.errors import ConsentMissing, ProviderRefused, ProviderUnreachable
from app.domain.reporting.plan_costs import plan_costs
from app.domain.reporting.rules import share_permille
from app.domain.subscriptions import queries
from app.domain.subscriptions.errors import (
    AlreadyOnPlan,
    ChangeInProgress,
    NothingToCancel,
    NothingToResume,
    PeriodUnpaid,
    PlanNotForSale,
    PreviewStale,
)
from app.entrypoints.gateways import DEFAULT_PROVIDER, gateway
from app.entrypoints.languages import translated
from app.entrypoints.moments import read_moment
from app.entrypoints.security_headers import let_forms_lead_to
from app.entrypoints.selling import seller, shop
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web.errors import STATUS, refusals_noted
from app.entrypoints.web.forms import SwitchForm
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.saving_cards import card_offer, consent_in_form
from app.entrypoints.web.signing_in import (
    look_at_session,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.sentences import Day, Sentence, say
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.preview_coupon import preview_renewal
from app.workflows.preview_switch import preview_switch
from app.workflows.resume_subscription import resume_subscription
from app.workflows.switch_plan import switch_plan

# After these the customer looks at the amounts again; after the others at his plan.
LOOK_AGAIN = (PreviewStale, ConsentMissing, ProviderUnreachable, ProviderRefused)
NO_SWITCH = (AlreadyOnPlan, PeriodUnpaid, PlanNotForSale, DeletionPending, InvoiceNotPayable)

pages = Blueprint("plans", __name__)
pages.before_request(require_sign_in)


@pages.get("/plans")
def index() -> ResponseReturnValue:
    """Show the plan that runs, and those that can be had."""
    return _plans()


@pages.get("/plans/cancel")
@pages.get("/plans/resume")
def leave_forms() -> ResponseReturnValue:
    """Lead to the plans where a form's address is opened: these two are no names of plans."""
    return redirect(url_for(".index"), 303)


@pages.get("/plans/<plan_id>")
def preview(plan_id: str) -> ResponseReturnValue:
    """Show what switching to a plan comes to."""
    return _preview(plan_id)


@pages.post("/plans")
def switch() -> ResponseReturnValue:
    """Switch as it was previewed; what costs something is paid on the provider's page."""
    form = SwitchForm()
    plan_id, now = form.plan_id.data or "", clock.now()
    with refusals_noted(ChangeInProgress, *NO_SWITCH, *LOOK_AGAIN) as noted:
        checkout = switch_plan(
            signed_in_account(),
            plan_id,
            shop=shop(DEFAULT_PROVIDER, signed_in_account(), look=look_at_session),
            now=now,
            previewed_at=_moment_shown(form.previewed_at.data or ""),
            consent=consent_in_form(DEFAULT_PROVIDER, now=now),
        )
        return _done(_confirmation(plan_id)) if checkout is None else _to(checkout.checkout_url)
    return _refused(plan_id, noted[0])


@pages.post("/plans/cancel")
def cancel() -> ResponseReturnValue:
    """Let the plan end with its period."""
    with refusals_noted(NothingToCancel, ChangeInProgress) as noted, signed_in_transaction():
        cancel_subscription(signed_in_account(), grace=renewal_grace(), now=clock.now())
    if noted:
        return _plans(trouble=noted[0])
    return _done(say("Your plan is cancelled. It runs until its period ends."))


@pages.post("/plans/resume")
def resume() -> ResponseReturnValue:
    """Take back what is scheduled, or what waits for its money."""
    with refusals_noted(NothingToResume, DeletionPending) as noted, signed_in_transaction():
        resume_subscription(signed_in_account(), grace=renewal_grace(), now=clock.now())
    if noted:
        return _plans(trouble=noted[0])
    return _done(say("It is taken back: your plan stays as it is."))


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account."""
    now = clock.now()
    known = {plan.id: plan for plan in catalog.plans()}
    terms = {plan_id: queries.terms_of(plan) for plan_id, plan in known.items()}
    standing = queries.subscription_of(account.id, now=now, grace=renewal_grace(), terms=terms)
    period, waiting = standing.period, standing.open_change
    offers = [plan for plan in known.values() if plan.is_for_sale]
    unpaid = invoices.unpaid_invoices(account, now=now) if standing.is_past_due else ()
    return {
        "known": known,
        "offers": offers,
        "no_plan": PAY_AS_YOU_GO,
        "costs": plan_costs(account, [known[PAY_AS_YOU_GO], *offers], now=now),
        "standing": standing,
        "renewal": preview_renewal(account, standing, terms),
        "quota_used": share_permille(period.quota_tokens_used, period.quota),
        "checkout_url": payments.page_of_change(waiting.id, now=now) if waiting else None,
        "unpaid": next((invoice for invoice in unpaid if invoice.kind == "subscription"), None),
        # Asked by a link: without scripts nothing else opens the question.
        "is_cancelling": "cancelling" in request.args,
        "local": zone(account.timezone),
    }


def _plans(*, trouble: DomainError | None = None) -> Response:
    response = respond(
        "web/plans/index.html",
        "web/plans/_plans.html",
        status=STATUS[trouble.kind] if trouble else 200,
        trouble=trouble,
        **shown(signed_in_account()),
    )
    return let_forms_lead_to(response, *gateway(DEFAULT_PROVIDER).checkout_origins)


def _preview(plan_id: str, *, trouble: DomainError | None = None) -> Response:
    account, previewed = signed_in_account(), None
    with refusals_noted(*NO_SWITCH) as noted:
        previewed = preview_switch(
            account,
            plan_id,
            seller_country=seller().country,
            grace=renewal_grace(),
            now=clock.now(),
        )
    said = noted[0] if noted else trouble
    response = respond(
        "web/plans/show.html",
        "web/plans/_preview.html",
        # htmx shows no other refusal in its place.
        status=422 if noted else STATUS[said.kind] if said else 200,
        preview=previewed,
        is_page=not wants_fragment(),
        saving=card_offer(account),
        trouble=said,
        local=zone(account.timezone),
    )
    return let_forms_lead_to(response, *gateway(DEFAULT_PROVIDER).checkout_origins)


def _refused(plan_id: str, refusal: DomainError) -> Response:
    if isinstance(refusal, LOOK_AGAIN):
        return _preview(plan_id, trouble=refusal)
    return _plans(trouble=refusal)


def _moment_shown(text: str) -> datetime:
    """Read when the amounts were shown. Raises PreviewStale for what no page of ours says."""
    try:
        return read_moment(text)
    except ValueError as error:
        raise PreviewStale(say("Please look at the amounts first.")) from error


def _confirmation(plan_id: str) -> Sentence:
    account = signed_in_account()
    standing = queries.subscription_of(account.id, now=clock.now(), grace=renewal_grace())
    name = catalog.plan(plan_id).name
    if standing.plan_id == plan_id:
        return say("You are on {plan} now.", {"plan": name})
    changes_on = Day(standing.period.ends_at, zone(account.timezone))
    return say("Your plan changes to {plan} on {day}.", {"plan": name, "day": changes_on})


def _done(words: Sentence) -> ResponseReturnValue:
    flash(str(translated(words)))
    return redirect(url_for(".index"), 303)


def _to(address: str) -> ResponseReturnValue:
    return redirect(address, 303)
