"""Customers: who pays, and which card is theirs by default."""

from app.sandbox.stripe import metadata
from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import listed
from app.sandbox.stripe.refusals import Json, RequestInvalid
from app.sandbox.stripe.work import Work

KEPT_AS_GIVEN = frozenset({"name", "email", "phone", "description"})
SUPPORTED = KEPT_AS_GIVEN | {"metadata", "expand"}
UPDATES_SUPPORTED = SUPPORTED | {"invoice_settings.default_payment_method"}
LIST_FILTERS = ("email",)


def create(work: Work, call: Call) -> Json:
    """Keep a new customer."""
    return add(work, call.params)


def add(work: Work, params: Json) -> Json:
    """Keep a new customer, of whom nothing need be known."""
    given = {name: params.get(name) or None for name in KEPT_AS_GIVEN}
    customer = work.create(
        "customer",
        {
            **given,
            "balance": 0,
            "delinquent": False,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "metadata": metadata.metadata_of(params),
            "preferred_locales": [],
            "tax_exempt": "none",
        },
    )
    work.emit("customer.created", customer)
    return customer


def retrieve(work: Work, call: Call) -> Json:
    """Return a customer."""
    return work.addressed("customer", call.id)


def update(work: Work, call: Call) -> Json:
    """Change what is given, and leave the rest."""
    customer = work.addressed("customer", call.id)
    changes: Json = {name: call.params[name] or None for name in KEPT_AS_GIVEN & call.params.keys()}
    if "metadata" in call.params:
        changes["metadata"] = metadata.merged(customer["metadata"], call.params)
    chosen = call.params.get("invoice_settings", {}).get("default_payment_method")
    if chosen is not None:
        _check_belongs(work, customer, chosen)
        kept = {**customer["invoice_settings"], "default_payment_method": chosen or None}
        changes["invoice_settings"] = kept
    previously = {name: customer[name] for name in changes if customer[name] != changes[name]}
    work.change(customer, changes)
    work.emit("customer.updated", customer, previously=previously)
    return customer


def index(work: Work, call: Call) -> Json:
    """Return a page of customers."""
    return listed(work, call, "customer", url="/v1/customers", equal=LIST_FILTERS)


def _check_belongs(work: Work, customer: Json, method_id: str) -> None:
    param = "invoice_settings[default_payment_method]"
    if method_id:
        method = work.named("payment_method", method_id, param=param)
        if method["customer"] != customer["id"]:
            message = (
                "The payment method must be attached to the customer before it is the default."
            )
            raise RequestInvalid(message, param=param)
