"""Coupons: what one would give, redeeming it, and what has become of those redeemed."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.catalog.errors import UnknownPlan
from app.domain.coupons import queries
from app.domain.coupons.discounting import UseStatus
from app.domain.coupons.errors import (
    CouponAlreadyUsed,
    CouponExpired,
    CouponInactive,
    CouponNotFound,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
    TooManyCouponGuesses,
)
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions.errors import PlanNotForSale
from app.domain.subscriptions.known_plans import KnownPlan, known_plans
from app.entrypoints.csrf import comes_from_elsewhere
from app.entrypoints.languages import field_label, translated
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import CouponForm
from app.entrypoints.web.page_numbers import choices_in_query, page_number
from app.entrypoints.web.responding import respond
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account, signed_in_transaction
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.sentences import say
from app.workflows.preview_coupon import CouponPreview, preview_coupon
from app.workflows.redeem_coupon import Redemption, redeem_coupon
from app.workflows.try_coupon import try_coupon

PAGE_SIZE = 12
# Which redeemed coupons are listed: those that have something left to give, or the others.
STATES = tuple(UseStatus)
MY_PLAN = ("", field_label("The plan I am on"))
ON_THE_CODE = (
    CouponAlreadyUsed,
    CouponExpired,
    CouponInactive,
    CouponNotFound,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
    TooManyCouponGuesses,
)
ON_THE_PLAN = (UnknownPlan, PlanNotForSale)

pages = Blueprint("coupons", __name__)
pages.before_request(require_sign_in)


@pages.get("/coupons")
def index() -> ResponseReturnValue:
    """Show the form, and what was redeemed."""
    form, _ = _form(CouponForm(formdata=None, data={"plan_id": _plan_in_query()}))
    return _coupons(form)


@pages.get("/coupons/preview")
def preview() -> ResponseReturnValue:
    """Show what a coupon would give, at an address of its own; nothing is redeemed."""
    # What is no coupon counts as a guess: no other site has somebody use his up.
    if "coupon_code" not in request.args or comes_from_elsewhere():
        return redirect(url_for(".index"))
    # A form that changes nothing has no token to show.
    form, plans = _form(CouponForm(formdata=request.args, meta={"csrf": False}))
    previewed = None
    if form.validate():
        with refusals_shown_on(_fields(form)):
            previewed = _previewed(form, plans)
    return _coupons(form, previewed=previewed)


@pages.post("/coupons")
def redeem() -> ResponseReturnValue:
    """Redeem a coupon, or say at the field why not."""
    (form, _), redeemed = _form(CouponForm()), None
    if form.validate():
        with refusals_shown_on(_fields(form)):
            redeemed = _redeemed(form)
    if redeemed is None:
        return _coupons(form)
    told = {"code": redeemed.coupon.code, "gives": redeemed.coupon.says}
    flash(str(translated(say("{code} is redeemed: {gives}.", told))))
    # htmx follows, too, and gets the part that it shows.
    return redirect(url_for(".index", plan_id=form.plan_id.data or None), 303)


def shown(
    account: Account, *, form: CouponForm | None = None, previewed: CouponPreview | None = None
) -> Mapping[str, Any]:
    """Return what the page shows of an account, as the address asks for it."""
    page, wanted = page_number(), choices_in_query({"state": STATES})
    form = form or _form(CouponForm(formdata=None))[0]
    return {
        "form": form,
        "preview": previewed,
        # Whoever came from a plan's preview goes back to it.
        "chosen_plan": _chosen_plan(form),
        "waiting": previewed.open_change if previewed else plan_changes.find_open(account),
        "found": queries.redemptions_page(
            account, page=page, page_size=PAGE_SIZE, status=wanted.get("state")
        ),
        "wanted": wanted,
        "states": STATES,
        "page": page,
        "page_size": PAGE_SIZE,
        "local": zone(account.timezone),
    }


def _previewed(form: CouponForm, plans: Mapping[str, KnownPlan]) -> CouponPreview:
    account, code, now = signed_in_account(), form.coupon_code.data or "", clock.now()
    # A preview is as good for guessing.
    with signed_in_transaction():
        found = try_coupon(code, account, is_look=True, now=now)
    if found is None:
        raise queries.no_such_coupon()
    return preview_coupon(
        found,
        account,
        plan_id=form.plan_id.data or None,
        plans=plans,
        grace=renewal_grace(),
        now=now,
    )


def _redeemed(form: CouponForm) -> Redemption:
    account, code, now = signed_in_account(), form.coupon_code.data or "", clock.now()
    with signed_in_transaction():
        if try_coupon(code, account, now=now):
            plan_id = form.plan_id.data or None
            return redeem_coupon(code, account, plan_id=plan_id, grace=renewal_grace(), now=now)
    # Refused only now that the guess is written down.
    raise queries.no_such_coupon()


def _form(form: CouponForm) -> tuple[CouponForm, Mapping[str, KnownPlan]]:
    """Return the form with the plans that it offers, and all that are known."""
    plans = known_plans()
    offers = [(plan_id, plan.name) for plan_id, plan in plans.items() if plan.is_for_sale]
    form.plan_id.choices = [MY_PLAN, *offers]
    return form, plans


def _plan_in_query() -> str:
    return request.args.get("plan_id", "")


def _chosen_plan(form: CouponForm) -> tuple[str, str] | None:
    """Return the plan that the coupon is to be for, by id and name; None where none is chosen."""
    chosen = form.plan_id.data
    names = {plan_id: str(name) for plan_id, name, *_ in form.plan_id.iter_choices()}
    return (chosen, names[chosen]) if chosen and chosen in names else None


def _fields(form: CouponForm) -> dict[type[DomainError], Field]:
    on_the_code = dict.fromkeys(ON_THE_CODE, form.coupon_code)
    return {**on_the_code, **dict.fromkeys(ON_THE_PLAN, form.plan_id)}


def _coupons(form: CouponForm, *, previewed: CouponPreview | None = None) -> Response:
    return respond(
        "web/coupons/index.html",
        "web/coupons/_coupons.html",
        status=422 if form.errors else 200,
        **shown(signed_in_account(), form=form, previewed=previewed),
    )
