"""Coupons: what each gives and how often it was used, making them, and changing them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.catalog import queries as catalog
from app.domain.coupons import creating, queries, redeemers, rules
from app.domain.coupons.errors import CouponCodeInvalid, CouponCodeTaken
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import Choice
from app.domain.coupons.rules import CouponDraft
from app.entrypoints.usage_csv import harmless, plain
from app.entrypoints.web.csv_files import Cell, csv_answer
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.once import FormSentTwice, check_first_time
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.coupon_forms import CouponChangeForm, CouponForm, CouponTermsForm
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    actor,
    choice_asked,
    people_of,
    show,
    text_asked,
)
from app.entrypoints.web.operator.forms import ConfirmForm
from app.entrypoints.web.operator.journal_reading import actor_named
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.page_numbers import cursor_asked
from app.entrypoints.web.shown_values import NEWS_KEPT, catch_up
from app.entrypoints.web.signing_in import signed_in_transaction
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.errors import DomainError
from app.foundation.money import usd_from_minor
from app.foundation.sentences import say, say_count

HEADING = (
    *("code", "type", "value", "used_count", "max_uses", "max_usage_per_user"),
    *("min_purchase_amount", "valid_from", "expires_at", "is_active", "applicable_plans"),
)

pages = Blueprint("coupons", __name__)


@pages.get("/coupons")
def index() -> ResponseReturnValue:
    """Show the newest coupons, those that were chosen, or whose codes begin so."""
    query, cursor, now, choice = text_asked("query"), cursor_asked(), clock.now(), _choice()
    where = queries.conditions(now=now)[choice]
    return show(
        "web/operator/coupons/index.html",
        "web/operator/coupons/_coupons.html",
        found=queries.coupons(limit=ROWS_PER_PAGE, cursor=cursor, prefix=query, where=where),
        choice=choice,
        active=creating.active_count(query) if query else 0,
        query=query,
        cursor=cursor,
        now=now,
        shown_value=rules.shown_value,
        plan_names=_plan_names(),
    )


@pages.get("/coupons/export.csv")
def export() -> ResponseReturnValue:
    """Send the newest coupons, those that were chosen, or whose codes begin so, as a file."""
    where = queries.conditions(now=clock.now())[_choice()]
    found = queries.coupons(limit=creating.COUNT_MAX, prefix=text_asked("query"), where=where)
    return csv_answer("coupons.csv", _lines(found.coupons))


@pages.get("/coupons/new")
def show_form() -> ResponseReturnValue:
    """Show an empty form."""
    return _form_page(CouponForm(formdata=None))


@pages.post("/coupons/new")
def create() -> ResponseReturnValue:
    """Make one coupon or many, or say at each field why not."""
    form, made = CouponForm(), ""
    if form.validate():
        # A code that the rules refuse was typed as a code, or as the beginning of many.
        typed = form.code if (form.code.data or "").strip() else form.prefix
        refused: tuple[type[DomainError], ...] = (CouponCodeInvalid, CouponCodeTaken, FormSentTwice)
        fields = dict.fromkeys(refused, typed)
        with refusals_shown_on(fields), wrong_fields_shown_on(form), signed_in_transaction():
            check_first_time(form)
            made = _made(form)
    return _form_page(form) if form.errors else redirect(url_for(".index", query=made), 303)


@pages.get("/coupons/<code>")
def show_coupon(code: str) -> ResponseReturnValue:
    """Show what a coupon gives, and who has redeemed it."""
    coupon, cursor = queries.coupon_by_code(code), cursor_asked()
    found = redeemers.redeemers(coupon, limit=ROWS_PER_PAGE, cursor=cursor)
    return show(
        "web/operator/coupons/show.html",
        "web/operator/coupons/_coupon.html",
        coupon=coupon,
        use=redeemers.use_of(coupon),
        found=found,
        people=people_of(found.rows),
        cursor=cursor,
        now=clock.now(),
        plan_names=_plan_names(),
        who=actor_named,
    )


@pages.get("/coupons/<code>/edit")
def show_edit(code: str) -> ResponseReturnValue:
    """Show a coupon's dates and limits in a form."""
    coupon = queries.coupon_by_code(code)
    return _edit_page(coupon, _filled(coupon, creating.draft_of(coupon)))


@pages.post("/coupons/<code>/edit")
def edit(code: str) -> ResponseReturnValue:
    """Change a coupon, or say at each field why not."""
    coupon = queries.coupon_by_code(code)
    form = _without_what_is_fixed(CouponChangeForm(), coupon)
    if form.validate():
        with wrong_fields_shown_on(form), signed_in_transaction():
            _change(coupon, form)
    if form.errors:
        return _edit_page(coupon, form)
    tell(say("The coupon is changed. Whoever has redeemed it keeps what it gave."))
    if form.has_news:
        tell(NEWS_KEPT)
    return redirect(url_for(".show_coupon", code=coupon.code), 303)


@pages.route("/coupons/<code>/deactivate", methods=["GET", "POST"])
def deactivate(code: str) -> ResponseReturnValue:
    """Let nobody redeem a coupon any more."""
    return _switch(code, is_active=False)


@pages.route("/coupons/<code>/activate", methods=["GET", "POST"])
def activate(code: str) -> ResponseReturnValue:
    """Let customers redeem a coupon again."""
    return _switch(code, is_active=True)


def _choice() -> Choice:
    return choice_asked(Choice, "show", Choice.ALL)


def _made(form: CouponForm) -> str:
    """Make what the form asks for; return what all its codes begin with."""
    now, code = clock.now(), (form.code.data or "").strip()
    draft = CouponDraft(
        **_typed(form),
        valid_from=form.valid_from.data or now,
        expires_at=form.expires_at.data or now,
    )
    if code:
        made = creating.create(code, draft, actor=actor(), now=now).code
        tell(say("{code} can be redeemed.", {"code": made}))
        return made
    prefix, count = (form.prefix.data or "").strip(), form.count.data
    codes = creating.create_many(prefix, count, draft, actor=actor(), now=now)
    tell(
        say_count(
            "One code was made. Download it as CSV below.",
            "{number:,} codes were made. Download them as CSV below.",
            len(codes),
        )
    )
    return f"{prefix.upper()}-"


def _typed(form: CouponTermsForm) -> dict[str, Any]:
    """Return what is typed, without the moments; of a redeemed coupon, what may still change."""
    named = ("type", "value", "max_uses", "max_usage_per_user", "min_purchase_amount")
    return {
        **{name: form[name].data for name in named if name in form},
        "description": form.description.data or "",
        "applicable_plans": form.applicable_plans.data or None,
    }


def _change(coupon: Coupon, form: CouponChangeForm) -> None:
    creating.change(
        coupon.code,
        lambda draft: _edited(coupon, draft, form),
        actor=actor(),
        now=clock.now(),
    )


def _edited(coupon: Coupon, draft: CouponDraft, form: CouponChangeForm) -> CouponDraft:
    """Return a coupon as it stands, with what the form changes. Raises ChangedMeanwhile."""
    catch_up(form, _filled(coupon, draft))
    return replace(
        draft,
        valid_from=_moment(draft.valid_from, form.valid_from.data),
        expires_at=_moment(draft.expires_at, form.expires_at.data),
        **_typed(form),
    )


def _moment(was: datetime, typed: datetime | None) -> datetime:
    """Return the moment that is typed; one that was left alone, or left out, stays to the dot."""
    if typed is None or typed == was.replace(second=0, microsecond=0):
        return was
    return typed


def _filled(coupon: Coupon, draft: CouponDraft) -> CouponChangeForm:
    """Return the form with the coupon in it; its plans come in the order of the page."""
    filled = {name: getattr(draft, name) for name in CouponDraft.__slots__}
    named = draft.applicable_plans or ()
    known = [plan_id for plan_id in _plan_names() if plan_id in named]
    strange = [plan_id for plan_id in named if plan_id not in known]
    filled["applicable_plans"] = (*known, *strange)
    return _without_what_is_fixed(CouponChangeForm(formdata=None, data=filled), coupon)


def _without_what_is_fixed(form: CouponChangeForm, coupon: Coupon) -> CouponChangeForm:
    """Return the form without what a coupon gives, once it was redeemed."""
    if coupon.used_count:
        del form.type, form.value
    return form


def _edit_page(coupon: Coupon, form: CouponChangeForm) -> Response:
    return show(
        "web/operator/coupons/edit.html",
        "web/operator/coupons/_edit.html",
        status=422 if form.errors else 200,
        coupon=coupon,
        form=form,
        plan_names=_plan_names(),
    )


def _switch(code: str, *, is_active: bool) -> ResponseReturnValue:
    form, coupon = ConfirmForm(), queries.coupon_by_code(code)
    if form.validate_on_submit():
        with signed_in_transaction():
            creating.change(
                code,
                lambda draft: replace(draft, is_active=is_active),
                actor=actor(),
                now=clock.now(),
            )
    return ask(_question(coupon, is_active=is_active), form)


def _question(coupon: Coupon, *, is_active: bool) -> Question:
    named = {"code": coupon.code}
    consequences = (
        say("Customers can redeem it again, within its dates and limits.")
        if is_active
        else say("Nobody can redeem it any more."),
        say_count(
            "It was redeemed once; whoever has it keeps what it gives.",
            "It was redeemed {number:,} times; whoever has it keeps what it gives.",
            coupon.used_count,
        )
        if coupon.used_count
        else say("Nobody has redeemed it so far."),
    )
    return Question(
        title=say("Activate {code}", named) if is_active else say("Deactivate {code}", named),
        consequences=consequences,
        button=say("Activate") if is_active else say("Deactivate"),
        back=url_for("web.operator.coupons.index", query=coupon.code),
        done=say("It is done, and noted in the journal."),
        is_bad=not is_active,
    )


def _lines(coupons: Sequence[Coupon]) -> Iterator[Sequence[Cell]]:
    yield HEADING
    for coupon in coupons:
        yield (
            harmless(coupon.code),
            coupon.type,
            plain(Decimal(rules.shown_value(coupon.type, coupon.value))),
            coupon.used_count,
            coupon.max_uses,
            coupon.max_usage_per_user,
            plain(usd_from_minor(coupon.min_purchase_minor)),
            coupon.valid_from.isoformat(),
            coupon.expires_at.isoformat(),
            "true" if coupon.is_active else "false",
            " ".join(coupon.applicable_plans or ()),
        )


def _form_page(form: CouponForm) -> Response:
    return show(
        "web/operator/coupons/new.html",
        "web/operator/coupons/_new.html",
        status=422 if form.errors else 200,
        form=form,
        plan_names=_plan_names(),
    )


def _plan_names() -> dict[str, str]:
    return {plan.id: plan.name for plan in catalog.plans()}
