"""Charges: every time a card was asked for money, and what came of it."""

from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.refusals import Json
from app.sandbox.stripe.work import Work

LIST_FILTERS = ("customer", "payment_intent")


def retrieve(work: Work, call: Call) -> Json:
    """Return a charge."""
    return work.addressed("charge", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of charges."""
    return listed(work, call, "charge", url="/v1/charges", equal=LIST_FILTERS)
