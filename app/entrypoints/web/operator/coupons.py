"""Coupons: what each gives and how often it was used, making them, and taking them back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from flask import Blueprint, Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.coupons import creating, queries, rules
from app.domain.coupons.errors import CouponCodeInvalid, CouponCodeTaken
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponDraft
from app.entrypoints.usage_csv import harmless, plain
from app.entrypoints.web.csv_files import Cell, csv_answer
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE, actor, show, text_asked
from app.entrypoints.web.operator.forms import ConfirmForm, CouponForm
from app.entrypoints.web.operator.sending import FormSentTwice, check_first_time
from app.entrypoints.web.page_numbers import cursor_asked
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.errors import DomainError
from app.foundation.money import usd_from_minor

HEADING = (
    *("code", "type", "value", "used_count", "max_uses", "max_usage_per_user"),
    *("min_purchase_amount", "valid_from", "expires_at", "is_active", "applicable_plans"),
)

pages = Blueprint("coupons", __name__)


@pages.get("/coupons")
def index() -> ResponseReturnValue:
    """Show the newest coupons, or those whose codes begin so."""
    query, cursor = text_asked("query"), cursor_asked()
    return show(
        "web/operator/coupons/index.html",
        "web/operator/coupons/_coupons.html",
        found=queries.coupons(limit=ROWS_PER_PAGE, cursor=cursor, prefix=query),
        query=query,
        cursor=cursor,
        now=clock.now(),
        shown_value=rules.shown_value,
    )


@pages.get("/coupons/export.csv")
def export() -> ResponseReturnValue:
    """Send the newest coupons, or those whose codes begin so, as a file."""
    found = queries.coupons(limit=creating.COUNT_MAX, prefix=text_asked("query"))
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
        with refusals_shown_on(fields), wrong_fields_shown_on(form), transaction():
            check_first_time(form)
            made = _made(form)
    return _form_page(form) if form.errors else redirect(url_for(".index", query=made), 303)


@pages.route("/coupons/<code>/deactivate", methods=["GET", "POST"])
def deactivate(code: str) -> ResponseReturnValue:
    """Let nobody redeem a coupon any more."""
    return _switch(code, is_active=False)


@pages.route("/coupons/<code>/activate", methods=["GET", "POST"])
def activate(code: str) -> ResponseReturnValue:
    """Let customers redeem a coupon again."""
    return _switch(code, is_active=True)


def _made(form: CouponForm) -> str:
    """Make what the form asks for; return what all its codes begin with."""
    now, code = clock.now(), (form.code.data or "").strip()
    named = ("type", "value", "max_uses", "max_usage_per_user", "min_purchase_amount")
    draft = CouponDraft(
        **{name: form[name].data for name in named},
        valid_from=form.valid_from.data or now,
        expires_at=form.expires_at.data or now,
        description=form.description.data or "",
        applicable_plans=form.applicable_plans.data or None,
    )
    if code:
        made = creating.create(code, draft, actor=actor(), now=now).code
        flash(f"{made} can be redeemed.")
        return made
    prefix, count = (form.prefix.data or "").strip(), form.count.data
    codes = creating.create_many(prefix, count, draft, actor=actor(), now=now)
    flash(f"{len(codes):,} codes were made. Download them as CSV below.")
    return f"{prefix.upper()}-"


def _switch(code: str, *, is_active: bool) -> ResponseReturnValue:
    form, coupon = ConfirmForm(), queries.coupon_by_code(code)
    if form.validate_on_submit():
        with transaction():
            creating.change(
                code,
                lambda draft: replace(draft, is_active=is_active),
                actor=actor(),
                now=clock.now(),
            )
    consequences = (
        "Customers can redeem it again, within its dates and limits."
        if is_active
        else "Nobody can redeem it any more.",
        f"It was redeemed {coupon.used_count:,} times; whoever has it keeps what it gives.",
    )
    verb = "Activate" if is_active else "Deactivate"
    question = Question(
        title=f"{verb} {coupon.code}",
        consequences=consequences,
        button=verb,
        back=url_for("web.operator.coupons.index", query=coupon.code),
        done="It is done, and noted in the journal.",
        is_bad=not is_active,
    )
    return ask(question, form)


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
    )
