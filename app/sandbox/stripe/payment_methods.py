"""Payment methods: test cards, and whose they are."""

from app.sandbox.stripe import cards
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.cards import Card
from app.sandbox.stripe.listing import page
from app.sandbox.stripe.refusals import CardDeclined, Json, NotInTheSandbox, RequestInvalid
from app.sandbox.stripe.work import Work

ATTACH_SUPPORTED = frozenset({"customer", "expand"})
FILTERS = frozenset({"customer", "type"})
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
EXPIRES = (12, 2034)


def add(
    work: Work,
    card: Card,
    *,
    expires: tuple[int, int] = EXPIRES,
    name: str | None = None,
    email: str | None = None,
) -> Json:
    """Keep a new payment method with a card, which belongs to nobody yet."""
    month, year = expires
    billing = {"address": NO_ADDRESS, "email": email, "name": name, "phone": None, "tax_id": None}
    return work.create(
        "payment_method",
        {
            "allow_redisplay": "unspecified",
            "billing_details": billing,
            "card": _card_shown(card, month, year),
            "customer": None,
            "metadata": {},
            "type": "card",
        },
    )


def usable(work: Work, id: str) -> Json:
    """Return the payment method with that id, or a new one for the name of a test card."""
    if id in cards.BY_TOKEN:
        return add(work, cards.BY_TOKEN[id])
    return _somebodys(work.named("payment_method", id, param="payment_method"))


def retrieve(work: Work, call: Call) -> Json:
    """Return a payment method."""
    return work.addressed("payment_method", call.id)


def attach(work: Work, call: Call) -> Json:
    """Save a card for a customer. Raises CardDeclined."""
    if "customer" not in call.params:
        raise RequestInvalid(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    customer = work.named("customer", call.params["customer"], param="customer")
    if call.id in cards.BY_TOKEN:
        method = add(work, cards.BY_TOKEN[call.id])
    else:
        method = _somebodys(work.addressed("payment_method", call.id))
    if method["customer"] not in (None, customer["id"]):
        raise RequestInvalid("The payment method is already attached to another customer.")
    card = cards.card_of(method)
    if card.decline and not card.can_be_saved:
        raise declined(card.decline)
    give_to(work, method, customer["id"])
    return method


def detach(work: Work, call: Call) -> Json:
    """Take a card away from its customer."""
    method = work.addressed("payment_method", call.id)
    owner = method["customer"]
    if owner is None:
        raise RequestInvalid(
            "The payment method is not attached to a customer, so it cannot be detached."
        )
    work.change(method, {"customer": None})
    _forget_as_default(work, owner, method["id"])
    work.emit("payment_method.detached", method, previously={"customer": owner})
    return method


def index(work: Work, call: Call) -> Json:
    """Return a page of saved cards, of one customer or of all."""
    return _saved(work, call, call.params.get("customer"), url="/v1/payment_methods")


def index_of_customer(work: Work, call: Call) -> Json:
    """Return a page of the cards of the customer in the address."""
    customer = work.addressed("customer", call.id)
    url = f"/v1/customers/{customer['id']}/payment_methods"
    return _saved(work, call, customer["id"], url=url)


def give_to(work: Work, method: Json, customer_id: str) -> None:
    """Make the card a customer's."""
    if method["customer"] is None:
        work.change(method, {"customer": customer_id})
        work.emit("payment_method.attached", method)


def check_pays_by_card(params: Json) -> None:
    """Refuse the other ways to pay."""
    if params.get("allowed_payment_method_types", ["card"]) != ["card"]:
        param = "allowed_payment_method_types"
        raise NotInTheSandbox("payment methods other than cards", param=param)


def declined(decline: cards.Decline) -> CardDeclined:
    """Return the refusal of a card."""
    refusal = CardDeclined(decline.message, code=decline.code)
    if decline.decline_code:
        refusal.error["decline_code"] = decline.decline_code
    return refusal


def _somebodys(method: Json) -> Json:
    # A card that is nobody's has paid once without being saved, or has been taken away.
    if method["customer"] is None:
        raise RequestInvalid(
            "The payment method was used without being attached to a customer, or was detached "
            "from one. It may not be used again.",
            param="payment_method",
        )
    return method


def _saved(work: Work, call: Call, customer_id: str | None, *, url: str) -> Json:
    method_type = call.params.get("type")

    def is_wanted(method: Json) -> bool:
        owner = method["customer"]
        is_saved = owner is not None and customer_id in (None, owner)
        return is_saved and method_type in (None, method["type"])

    return page(work, call, "payment_method", is_wanted, url=url)


def _forget_as_default(work: Work, customer_id: str, method_id: str) -> None:
    customer = work.addressed("customer", customer_id)
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method_id:
        changed = {**settings, "default_payment_method": None}
        work.change(customer, {"invoice_settings": changed})
        work.emit("customer.updated", customer, previously={"invoice_settings": settings})


def _card_shown(card: Card, month: int, year: int) -> Json:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
