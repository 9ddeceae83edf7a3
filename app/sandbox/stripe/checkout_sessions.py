"""Checkout Sessions: one visit to the hosted page, from its creation to its end."""

from app.sandbox.stripe import customers, line_items, metadata, money, setup_intents
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.parameters import check_url
from app.sandbox.stripe.payment_methods import check_pays_by_card
from app.sandbox.stripe.refusals import (
    Json,
    NotInTheSandbox,
    ParameterInvalid,
    ParameterMissing,
    RequestInvalid,
)
from app.sandbox.stripe.work import Work

LIVES_MIN_SECONDS = 30 * 60
LIVES_MAX_SECONDS = 24 * 60 * 60
# The caller reckoned from its own clock, a moment before the request arrived.
CLOCK_TOLERANCE_SECONDS = 5
REFERENCE_LENGTH_MAX = 200
ITEM = "line_items.price_data"
INTENT = "payment_intent_data"
SUPPORTED = frozenset(
    {
        *("mode", "ui_mode", "success_url", "cancel_url", "expires_at", "expand", "metadata"),
        *("customer", "customer_email", "customer_creation", "client_reference_id"),
        *("allowed_payment_method_types", "currency", "locale", "submit_type"),
        *("line_items.quantity", f"{ITEM}.currency", f"{ITEM}.unit_amount"),
        *(f"{ITEM}.product_data.name", f"{ITEM}.product_data.description"),
        *(f"{ITEM}.product_data.metadata", f"{INTENT}.metadata", f"{INTENT}.description"),
        *(f"{INTENT}.setup_future_usage", f"{INTENT}.receipt_email"),
        *("setup_intent_data.metadata", "setup_intent_data.description"),
    }
)
# Only these values of what Stripe can do otherwise.
ONLY = {"mode": ("payment", "setup"), "ui_mode": ("hosted_page",)}
ONLY_IN = {
    "line_items": "payment",
    "payment_intent_data": "payment",
    "submit_type": "payment",
    "setup_intent_data": "setup",
}
LIST_FILTERS = ("customer", "payment_intent", "status")
NO_TEXT = dict.fromkeys(
    ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
)


def create(work: Work, call: Call) -> Json:
    """Open a session on the hosted page."""
    params = call.params
    _check(work, params)
    session = _create_setup(work, params) if is_setup(params) else _create_payment(work, params)
    work.change(session, {"url": f"{work.base_url}/c/pay/{session['id']}"})
    return session


def is_setup(session: Json) -> bool:
    """Tell whether the session saves a card and takes no money."""
    return bool(session["mode"] == "setup")


def _create_payment(work: Work, params: Json) -> Json:
    items = line_items.read(work, params)
    total, currency = sum(item["amount_total"] for item in items), items[0]["currency"]
    if str(params.get("currency", currency)).lower() != currency:
        message = "The currency of the session is not the currency of its line items."
        raise ParameterInvalid(message, param="currency")
    money.check_amount(total, currency, param="line_items")
    wanted = params.get("payment_intent_data", {})
    metadata.metadata_of(wanted, param="payment_intent_data[metadata]")
    sums = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
    of_payment = {
        "amount_subtotal": total,
        "amount_total": total,
        "currency": currency,
        "payment_method_collection": "if_required",
        "payment_status": "unpaid",
        "total_details": sums,
    }
    return work.create(
        "checkout.session",
        _opened(params, now=work.now) | of_payment,
        hidden={"line_items": items, "payment_intent_data": wanted},
    )


def _create_setup(work: Work, params: Json) -> Json:
    if "customer" not in params:
        raise NotInTheSandbox("saving a card for no customer", param="customer")
    if "currency" not in params and "allowed_payment_method_types" not in params:
        raise ParameterMissing("currency")
    intent = setup_intents.add(
        work, params.get("setup_intent_data", {}), customer_id=params["customer"]
    )
    of_setup = {
        "currency": str(params.get("currency", "")).lower() or None,
        "payment_method_collection": "always",
        "payment_status": "no_payment_required",
        "setup_intent": intent["id"],
    }
    opened = _opened(params, now=work.now) | of_setup
    return work.create("checkout.session", opened, hidden={"line_items": []})


def retrieve(work: Work, call: Call) -> Json:
    """Return a session."""
    return work.addressed("checkout.session", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of sessions."""
    url = "/v1/checkout/sessions"
    return listed(work, call, "checkout.session", url=url, equal=LIST_FILTERS)


def list_line_items(work: Work, call: Call) -> Json:
    """Return what is bought in a session."""
    session = work.addressed("checkout.session", call.id)
    return line_items.of_session(work, session["id"])


def expire(work: Work, call: Call) -> Json:
    """Close an open session before its time."""
    session = work.addressed("checkout.session", call.id)
    if session["status"] != "open":
        raise RequestInvalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    _expire(work, session)
    return session


def expire_due(work: Work) -> None:
    """Close the sessions whose time has come."""
    rows = work.connection.execute(
        "SELECT id FROM objects WHERE kind = 'checkout.session'"
        " AND json_extract(body, '$.status') = 'open'"
        " AND json_extract(body, '$.expires_at') <= ?",
        (work.now,),
    ).fetchall()
    for row in rows:
        _expire(work, work.addressed("checkout.session", row["id"]))


def complete(
    work: Work, session: Json, *, name: str, email: str, is_processing: bool = False
) -> None:
    """Close a session that is paid, whose money is still to come, or whose card is saved."""
    details = {
        **dict.fromkeys(("address", "business_name", "individual_name", "phone")),
        **{"email": email, "name": name, "tax_exempt": "none", "tax_ids": []},
    }
    changes: Json = {"customer_details": details, "status": "complete", "url": None}
    if not is_setup(session) and not is_processing:
        changes["payment_status"] = "paid"
    work.change(session, changes)
    work.emit("checkout.session.completed", session)


def customer_of(work: Work, session: Json, *, name: str, email: str) -> str | None:
    """Return the id of the session's customer, who is made now if the session is to make one."""
    if session["customer"] is None and session["customer_creation"] == "always":
        customer = customers.add(work, {"name": name, "email": email})
        work.change(session, {"customer": customer["id"]})
    customer_id: str | None = session["customer"]
    return customer_id


def _expire(work: Work, session: Json) -> None:
    work.change(session, {"status": "expired", "url": None})
    work.emit("checkout.session.expired", session)


def _check(work: Work, params: Json) -> None:
    for name in ("mode", "success_url"):
        if name not in params:
            raise ParameterMissing(name)
    _check_is_in_the_sandbox(params)
    for name in ("success_url", "cancel_url"):
        if name in params:
            check_url(params[name], param=name)
    if len(params.get("client_reference_id", "")) > REFERENCE_LENGTH_MAX:
        message = f"client_reference_id can have up to {REFERENCE_LENGTH_MAX} characters."
        raise ParameterInvalid(message, param="client_reference_id")
    _check_customer(work, params)
    _check_end(params.get("expires_at"), work.now)


def _check_is_in_the_sandbox(params: Json) -> None:
    for name, only in ONLY.items():
        if params.get(name, only[0]) not in only:
            raise NotInTheSandbox(f"{name}={params[name]}", param=name)
    for name, mode in ONLY_IN.items():
        if name in params and params["mode"] != mode:
            raise ParameterInvalid(f"You can only use `{name}` in {mode} mode.", param=name)
    check_pays_by_card(params)


def _check_customer(work: Work, params: Json) -> None:
    if "customer" not in params:
        return
    work.named("customer", params["customer"], param="customer")
    for other in ("customer_email", "customer_creation"):
        if other in params:
            message = f"You may only specify one of these parameters: customer, {other}."
            raise ParameterInvalid(message, param=other)


def _check_end(expires_at: int | None, now: int) -> None:
    earliest = now + LIVES_MIN_SECONDS - CLOCK_TOLERANCE_SECONDS
    latest = now + LIVES_MAX_SECONDS + CLOCK_TOLERANCE_SECONDS
    if expires_at is not None and not earliest <= expires_at <= latest:
        raise ParameterInvalid(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )


def _opened(params: Json, *, now: int) -> Json:
    kept = (
        *("allowed_payment_method_types", "cancel_url", "client_reference_id", "customer"),
        *("customer_email", "locale", "submit_type"),
    )
    return {
        **{name: params.get(name) or None for name in kept},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": NO_TEXT,
        "customer_creation": None
        if "customer" in params
        else params.get("customer_creation", "if_required"),
        "expires_at": params.get("expires_at", now + LIVES_MAX_SECONDS),
        "metadata": metadata.metadata_of(params),
        "mode": params["mode"],
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "shipping_options": [],
        "status": "open",
        "success_url": params["success_url"],
        "ui_mode": "hosted_page",
    }
