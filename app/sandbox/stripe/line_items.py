"""What is bought in a Checkout Session, and what it comes to."""

from app.sandbox.stripe import money
from app.sandbox.stripe.objects import new_id, new_object
from app.sandbox.stripe.refusals import Json, NotInTheSandbox, ParameterInvalid, ParameterMissing
from app.sandbox.stripe.work import Work

ITEMS_MAX = 100


def read(work: Work, params: Json) -> list[Json]:
    """Return the items that a new session asks for, all in one currency."""
    given = params.get("line_items", [])
    if not given:
        raise ParameterMissing("line_items")
    if len(given) > ITEMS_MAX:
        message = f"You can pass at most {ITEMS_MAX} line items."
        raise ParameterInvalid(message, param="line_items")
    items = [_read_one(work, item, f"line_items[{place}]") for place, item in enumerate(given)]
    if len({item["currency"] for item in items}) > 1:
        message = "All line items of a Checkout Session must have the same currency."
        raise ParameterInvalid(message, param="line_items")
    return items


def of_session(work: Work, session_id: str) -> Json:
    """Return the items of a session as the list the API shows."""
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    items = work.hidden(session_id)["line_items"]
    return {"object": "list", "data": items, "has_more": False, "url": url}


def _read_one(work: Work, given: Json, path: str) -> Json:
    if "price_data" not in given:
        raise NotInTheSandbox("line items without price_data", param=path)
    price_data = given["price_data"]
    path = f"{path}[price_data]"
    if "product_data" not in price_data:
        raise ParameterMissing(f"{path}[product_data]")
    if "unit_amount" not in price_data:
        raise ParameterMissing(f"{path}[unit_amount]")
    currency = money.checked_currency(price_data["currency"], param=f"{path}[currency]")
    quantity, unit_amount = given.get("quantity", 1), price_data["unit_amount"]
    money.check_positive(quantity, param=path.replace("[price_data]", "[quantity]"))
    if unit_amount < 0:
        message = f"Invalid non-negative integer: {unit_amount}"
        raise ParameterInvalid(
            message, code="parameter_invalid_integer", param=f"{path}[unit_amount]"
        )
    amount = quantity * unit_amount
    return new_object(
        "item",
        {
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": currency,
            "description": price_data["product_data"]["name"],
            "discounts": [],
            "metadata": {},
            "price": _price(unit_amount, currency, created=work.now),
            "quantity": quantity,
            "taxes": [],
        },
        created=work.now,
    )


def _price(unit_amount: int, currency: str, *, created: int) -> Json:
    return new_object(
        "price",
        {
            # A price made for one session is never offered again.
            "active": False,
            "billing_scheme": "per_unit",
            "currency": currency,
            "metadata": {},
            "product": new_id("prod"),
            "tax_behavior": "unspecified",
            "type": "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        },
        created=created,
    )
