"""Payment intents: an amount that is to be paid, on the page or without the customer."""

from app.sandbox.stripe import charging, metadata, money, payment_methods
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.objects import new_id
from app.sandbox.stripe.refusals import Json, RequestInvalid
from app.sandbox.stripe.work import Work

SUPPORTED = frozenset(
    {
        *("amount", "currency", "customer", "description", "metadata", "payment_method"),
        *("confirm", "off_session", "setup_future_usage", "receipt_email", "expand"),
        *("allowed_payment_method_types", "automatic_payment_methods.enabled"),
    }
)
CONFIRM_SUPPORTED = frozenset({"payment_method", "off_session", "expand"})
CANCEL_SUPPORTED = frozenset({"cancellation_reason", "expand"})
LIST_FILTERS = ("customer",)
MAY_BE_CONFIRMED = ("requires_payment_method", "requires_confirmation")
MAY_BE_CANCELED = (*MAY_BE_CONFIRMED, "requires_action")


def create(work: Work, call: Call) -> Json:
    """Keep a new intent, and confirm it at once if that is asked for. Raises CardDeclined."""
    params = call.params
    currency = money.checked_currency(params["currency"], param="currency")
    money.check_positive(params["amount"], param="amount")
    money.check_amount(params["amount"], currency, param="amount")
    payment_methods.check_pays_by_card(params)
    if params.get("customer"):
        work.named("customer", params["customer"], param="customer")
    if params.get("off_session") and not params.get("confirm"):
        message = "off_session can only be used together with confirm=true."
        raise RequestInvalid(message, param="off_session")
    method = _method_of(work, params, customer_id=params.get("customer"))
    intent = add(work, {**params, "currency": currency})
    if method:
        work.change(intent, {"payment_method": method["id"], "status": "requires_confirmation"})
    if params.get("confirm"):
        _confirm(work, intent, method, off_session=_is_off_session(params))
    return intent


def add(work: Work, params: Json) -> Json:
    """Keep a new intent over an amount that has been checked."""
    intent = work.create(
        "payment_intent",
        {
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "automatic_payment_methods": params.get("automatic_payment_methods"),
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "currency": params["currency"],
            "customer": params.get("customer") or None,
            "description": params.get("description") or None,
            "metadata": metadata.metadata_of(params),
            "payment_method_options": {
                "card": {
                    "installments": None,
                    "mandate_options": None,
                    "network": None,
                    "request_three_d_secure": "automatic",
                }
            },
            "payment_method_types": ["card"],
            "receipt_email": params.get("receipt_email") or None,
            "setup_future_usage": params.get("setup_future_usage") or None,
            "status": "requires_payment_method",
        },
    )
    work.change(intent, {"client_secret": new_id(f"{intent['id']}_secret")})
    work.emit("payment_intent.created", intent)
    return intent


def retrieve(work: Work, call: Call) -> Json:
    """Return an intent."""
    return work.addressed("payment_intent", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of intents."""
    url = "/v1/payment_intents"
    return listed(work, call, "payment_intent", url=url, equal=LIST_FILTERS)


def confirm(work: Work, call: Call) -> Json:
    """Charge the card now. Raises CardDeclined."""
    intent = work.addressed("payment_intent", call.id)
    if intent["status"] not in MAY_BE_CONFIRMED:
        raise _in_another_state(intent, "confirm")
    if call.params.get("payment_method") in (None, intent["payment_method"]):
        kept = intent["payment_method"]
        method = work.named("payment_method", kept, param="payment_method") if kept else None
    else:
        method = _method_of(work, call.params, customer_id=intent["customer"])
    _confirm(work, intent, method, off_session=_is_off_session(call.params))
    return intent


def cancel(work: Work, call: Call) -> Json:
    """Give an intent up that has not been paid."""
    intent = work.addressed("payment_intent", call.id)
    if intent["status"] not in MAY_BE_CANCELED:
        raise _in_another_state(intent, "cancel")
    work.change(
        intent,
        {
            "canceled_at": work.now,
            "cancellation_reason": call.params.get("cancellation_reason"),
            "next_action": None,
            "status": "canceled",
        },
    )
    work.emit("payment_intent.canceled", intent)
    return intent


def _confirm(work: Work, intent: Json, method: Json | None, *, off_session: bool) -> None:
    if method is None:
        message = "You cannot confirm this PaymentIntent because it has no payment method."
        raise RequestInvalid(message, code="payment_intent_unexpected_state")
    charging.confirm(work, intent, method, off_session=off_session)


def _method_of(work: Work, params: Json, *, customer_id: str | None) -> Json | None:
    if not params.get("payment_method"):
        return None
    method = payment_methods.usable(work, params["payment_method"])
    if method["customer"] not in (None, customer_id):
        raise RequestInvalid(
            "The payment method belongs to a customer: pass that customer as well.",
            param="payment_method",
        )
    return method


def _is_off_session(params: Json) -> bool:
    # Either a boolean, or in what kind of series the payment stands.
    return params.get("off_session") not in (None, False)


def _in_another_state(intent: Json, verb: str) -> RequestInvalid:
    refusal = RequestInvalid(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
    )
    refusal.error["payment_intent"] = intent
    return refusal
