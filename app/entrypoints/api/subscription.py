"""The subscription: where it stands, what a switch of plan comes to, and switching."""

from flask import Blueprint, Response, g

from app.domain.payments import queries as payments
from app.domain.subscriptions import queries
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers, look_at_key, only_reads
from app.entrypoints.api.changing import changes, changes_through_a_provider
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.api.subscription_shapes import (
    Body,
    plan_to_preview,
    preview_body,
    read_switch,
    subscription_body,
)
from app.entrypoints.selling import seller, shop
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.workflows.begin_checkout import Checkout
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.preview_switch import preview_switch
from app.workflows.resume_subscription import resume_subscription
from app.workflows.switch_plan import switch_plan

calls = Blueprint("subscription", __name__)


@calls.get("/subscription")
@for_customers
def show() -> Response:
    """Answer where the subscription stands."""
    Parameters().check()
    return answer(_standing())


@calls.post("/subscription/preview")
@for_customers
@only_reads
def preview() -> Response:
    """Answer what a switch of plan comes to; nothing is stored."""
    plan_id, country, now = plan_to_preview(json_object()), seller().country, clock.now()
    previewed = preview_switch(
        g.account, plan_id, seller_country=country, grace=renewal_grace(), now=now
    )
    return answer(preview_body(previewed))


@calls.post("/subscription")
@for_customers
@changes_through_a_provider
def switch() -> Response:
    """Switch the plan: now, at the period's end, or once it is paid on the page that is named."""
    wanted, now = read_switch(json_object()), clock.now()
    checkout = switch_plan(
        g.account,
        wanted.plan_id,
        shop=shop(wanted.provider, g.account, look=look_at_key),
        now=now,
        agreed=wanted.agreed,
    )
    return answer(_standing() if checkout is None else _to_pay(checkout))


@calls.post("/subscription/cancel")
@for_customers
@changes
def cancel() -> Response:
    """Let the plan end with its period."""
    cancel_subscription(g.account, grace=renewal_grace(), now=clock.now())
    return answer(_standing())


@calls.post("/subscription/resume")
@for_customers
@changes
def resume() -> Response:
    """Take back what is scheduled, or what waits for its money."""
    resume_subscription(g.account, grace=renewal_grace(), now=clock.now())
    return answer(_standing())


def _to_pay(checkout: Checkout) -> Body:
    return {
        "payment_id": checkout.payment_id,
        "checkout_url": checkout.checkout_url,
        "subscription": _standing(),
    }


def _standing() -> Body:
    now = clock.now()
    standing = queries.subscription_of(g.account.id, now=now, grace=renewal_grace())
    waiting = standing.open_change
    page = None if waiting is None else payments.page_of_change(waiting.id, now=now)
    return subscription_body(standing, checkout_url=page)
