"""What may be asked for in a new order."""

from urllib.parse import urlsplit

from app.sandbox.paypal import money
from app.sandbox.paypal.refusals import Json, NotInTheSandbox, malformed, missing

UNIT = "/purchase_units/@reference_id=='default'"
LENGTHS = {"reference_id": 256, "custom_id": 255, "invoice_id": 127, "description": 127}
UNIT_FIELDS = frozenset({*LENGTHS, "amount"})
FIELDS = frozenset({"intent", "purchase_units", "payment_source"})
CONTEXT = "/payment_source/paypal/experience_context"
CONTEXT_FIELDS = {
    "shipping_preference": ("NO_SHIPPING", "GET_FROM_FILE"),
    "user_action": ("PAY_NOW", "CONTINUE"),
    "payment_method_preference": ("IMMEDIATE_PAYMENT_REQUIRED", "UNRESTRICTED"),
    # The SDK sends these two, whether it was told to or not.
    "landing_page": ("NO_PREFERENCE", "LOGIN", "GUEST_CHECKOUT"),
    "contact_preference": ("NO_CONTACT_INFO",),
}


def checked_unit(asked: Json) -> Json:
    """Return the only part of the order, with everything it is kept with."""
    _check_known(asked, FIELDS, "")
    if asked.get("intent") is None:
        raise missing("/intent")
    if asked["intent"] != "CAPTURE":
        raise NotInTheSandbox(f"the intent {asked['intent']}", field="/intent")
    units = asked.get("purchase_units")
    if not isinstance(units, list) or not units:
        raise missing("/purchase_units")
    if len(units) > 1 or not isinstance(units[0], dict):
        raise NotInTheSandbox("more than one purchase unit", field="/purchase_units")
    return _unit(units[0])


def checked_context(asked: Json) -> Json | None:
    """Return how the buyer is led, None if the order says nothing of it."""
    source = asked.get("payment_source")
    if source is None:
        return None
    _check_known(source, frozenset({"paypal"}), "/payment_source")
    _check_known(source["paypal"], frozenset({"experience_context"}), "/payment_source/paypal")
    context: Json = source["paypal"].get("experience_context", {})
    _check_known(context, frozenset({*CONTEXT_FIELDS, "return_url", "cancel_url"}), CONTEXT)
    for name, choices in CONTEXT_FIELDS.items():
        if name in context and context[name] not in choices:
            raise NotInTheSandbox(f"{name} {context[name]}", field=f"{CONTEXT}/{name}")
    for name in ("return_url", "cancel_url"):
        if name not in context:
            raise missing(f"{CONTEXT}/{name}")
        if not _is_address(context[name]):
            raise malformed(f"{CONTEXT}/{name}")
    return context


def checked_custom_id(order: Json, changes: object) -> str:
    """Return the new custom id that the changes come to; nothing else can be changed here."""
    path = f"/purchase_units/@reference_id=='{order['purchase_units'][0]['reference_id']}'"
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise NotInTheSandbox("more than one change of an order")
    change = changes[0]
    if (change.get("op"), change.get("path")) != ("replace", f"{path}/custom_id"):
        raise NotInTheSandbox(f"to {change.get('op')} {change.get('path')}")
    value = change.get("value")
    if not isinstance(value, str) or not 1 <= len(value) <= LENGTHS["custom_id"]:
        raise malformed(f"{path}/custom_id")
    return value


def _unit(given: Json) -> Json:
    _check_known(given, UNIT_FIELDS, UNIT)
    for name, longest in LENGTHS.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= longest):
            raise malformed(f"{UNIT}/{name}")
    amount = money.checked(given.get("amount"), field=f"{UNIT}/amount")
    kept = {name: given[name] for name in LENGTHS if name in given}
    payee = {"email_address": "merchant@example.com", "merchant_id": "LCALSANDBX234"}
    return {"reference_id": "default", **kept, "amount": amount, "payee": payee}


def _check_known(given: object, known: frozenset[str], path: str) -> None:
    if not isinstance(given, dict):
        raise malformed(path or "/")
    for name in given:
        if name not in known:
            raise NotInTheSandbox(f"the field {path}/{name}", field=f"{path}/{name}")


def _is_address(url: object) -> bool:
    if not isinstance(url, str) or any(character.isspace() for character in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
