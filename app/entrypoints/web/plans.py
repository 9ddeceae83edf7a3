"""The plans: which one runs, what a switch comes to, switching, cancelling, taking it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.errors import DeletionPending
from app.domain.accounts.models import Account
from app.domain.accounts.queries import has_rollups_to_rebuild
from app.domain.accounts.rules import zone
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices import queries as invoices
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments.errors import (
    CardNotUsable,
    ConsentMissing,
    ProviderRefused,
    ProviderUnreachable,
)
from app.domain.payments.waiting_changes import find_tried
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
from app.entrypoints.gateways import DEFAULT_PROVIDER, gateways, let_forms_lead_to_providers
from app.entrypoints.languages import translated
from app.entrypoints.moments import read_moment
from app.entrypoints.selling import seller, shop
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web.errors import STATUS, refusals_noted
from app.entrypoints.web.forms import SwitchForm
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.saving_cards import (
    SAVED_CARD,
    SAVES_CARDS,
    card_offer,
    consent_in_form,
    saved_card,
)
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
from app.workflows.preview_switch import SwitchPreview, preview_switch
from app.workflows.resume_subscription import resume_subscription
from app.workflows.switch_plan import Agreed, switch_plan
from app.workflows.switch_with_card import switch_with_card

# After these the customer looks at the amounts again; after the others at his plan.
LOOK_AGAIN = (PreviewStale, CardNotUsable, ConsentMissing, ProviderUnreachable, ProviderRefused)
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
    """Switch as it was previewed; what costs something is paid as the customer has chosen."""
    form, provider = SwitchForm(), request.form.get("provider") or DEFAULT_PROVIDER
    plan_id = form.plan_id.data or ""
    with refusals_noted(ChangeInProgress, *NO_SWITCH, *LOOK_AGAIN) as noted:
        agreed = _agreed(form)
        by_card = provider == SAVED_CARD
        paid_at = _by_card(plan_id, agreed) if by_card else _on_page(plan_id, agreed, provider)
        return _done(_confirmation(plan_id)) if paid_at is None else redirect(paid_at, 303)
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
    period, plan_id, waits = standing.period, standing.plan_id, standing.open_change is not None
    offers = [plan for plan in known.values() if plan.is_for_sale]
    compared, is_rebuilding = [known[PAY_AS_YOU_GO], *offers], has_rollups_to_rebuild(account)
    unpaid = invoices.unpaid_invoices(account, now=now) if standing.is_past_due else ()
    return {
        "known": known,
        "offers": offers,
        "no_plan": PAY_AS_YOU_GO,
        # Days that are cut in another zone begin and end elsewhere: their sum would be off.
        "costs": None if is_rebuilding else plan_costs(account, compared, now=now),
        "is_rebuilding": is_rebuilding,
        "standing": standing,
        "renewal": preview_renewal(account, standing, terms),
        "quota_used": share_permille(period.quota_tokens_used, period.quota),
        "tried": None,
        **(_waiting(account, plan_id=plan_id, period_id=period.id, now=now) if waits else {}),
        "unpaid": next((invoice for invoice in unpaid if invoice.kind == "subscription"), None),
        # Asked by a link: without scripts nothing else opens the question.
        "is_cancelling": "cancelling" in request.args,
        "local": zone(account.timezone),
    }


def _waiting(
    account: Account, *, plan_id: str, period_id: int | None, now: datetime
) -> dict[str, Any]:
    """Return how a change of plan stands that waits for its money, beside what runs."""
    tried = find_tried(account, now=now)
    fits = tried is not None and tried.fits(plan_id, period_id=period_id)
    is_over = tried is not None and tried.is_over(fits=fits, now=now)
    return {"tried": tried, "fits": fits, "is_over": is_over}


def _plans(*, trouble: DomainError | None = None) -> Response:
    response = respond(
        "web/plans/index.html",
        "web/plans/_plans.html",
        status=STATUS[trouble.kind] if trouble else 200,
        trouble=trouble,
        **shown(signed_in_account()),
    )
    return let_forms_lead_to_providers(response)


def _preview(plan_id: str, *, trouble: DomainError | None = None) -> Response:
    account, now, previewed = signed_in_account(), clock.now(), None
    country, grace = seller().country, renewal_grace()
    with refusals_noted(*NO_SWITCH) as noted:
        previewed = preview_switch(account, plan_id, seller_country=country, grace=grace, now=now)
    said = noted[0] if noted else trouble
    response = respond(
        "web/plans/show.html",
        "web/plans/_preview.html",
        # htmx shows no other refusal in its place.
        status=422 if noted else STATUS[said.kind] if said else 200,
        preview=previewed,
        is_page=not wants_fragment(),
        saving=card_offer(account),
        card=saved_card(account),
        providers=sorted(gateways()),
        trouble=said,
        local=zone(account.timezone),
        **_in_the_way(account, previewed, now=now),
    )
    return let_forms_lead_to_providers(response)


def _in_the_way(
    account: Account, previewed: SwitchPreview | None, *, now: datetime
) -> Mapping[str, Any]:
    """Return the change that has to be paid or given up before what was previewed can be bought."""
    if previewed is None:
        return {"tried": None}
    runs, period_id = previewed.change.before.plan_id, previewed.period_id
    shown = _waiting(account, plan_id=runs, period_id=period_id, now=now)
    tried, chosen = shown["tried"], previewed.change.after.plan_id
    if tried is None or not tried.stands_in_the_way(
        chosen, terms=previewed.terms, fits=shown["fits"], now=now
    ):
        return {"tried": None}
    return shown


def _refused(plan_id: str, refusal: DomainError) -> Response:
    if isinstance(refusal, LOOK_AGAIN):
        return _preview(plan_id, trouble=refusal)
    return _plans(trouble=refusal)


def _on_page(plan_id: str, agreed: Agreed, provider: str) -> str | None:
    """Have the switch paid on a provider's page; return its address, None if nothing is due."""
    account, now = signed_in_account(), clock.now()
    checkout = switch_plan(
        account,
        plan_id,
        shop=shop(provider, account, look=look_at_session),
        now=now,
        agreed=agreed,
        consent=consent_in_form(provider, now=now),
    )
    return None if checkout is None else checkout.checkout_url


def _by_card(plan_id: str, agreed: Agreed) -> str | None:
    """Have the switch paid with the saved card; return where it is seen, None if nothing is due."""
    account = signed_in_account()
    payment_id = switch_with_card(
        account,
        plan_id,
        card_id=request.form.get("card", 0, type=int),
        shop=shop(SAVES_CARDS, account, look=look_at_session),
        agreed=agreed,
        now=clock.now(),
    )
    return None if payment_id is None else url_for("web.payments.show", payment_id=payment_id)


def _agreed(form: SwitchForm) -> Agreed:
    """Read which amounts were shown, and when. Raises PreviewStale for what we never say."""
    terms = form.terms.data or ""
    try:
        if not terms:
            raise ValueError("no terms")
        return Agreed(read_moment(form.previewed_at.data or ""), terms)
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
