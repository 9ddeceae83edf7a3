"""Disputes: a buyer says at PayPal that something is wrong with a payment, and PayPal decides."""

import secrets
from collections.abc import Mapping

from app.sandbox.paypal import captures, money
from app.sandbox.paypal.refusals import Json, NotInTheSandbox, Unprocessable, malformed
from app.sandbox.paypal.work import CAPTURE, DISPUTE, PayPalWork, written_moment

PATH = "/v1/customer/disputes"
ANSWER_WITHIN_SECONDS = 10 * 24 * 60 * 60
PAGE_SIZE_MAX = 50
FILTERS = ("disputed_transaction_id", "page_size")
ID_DIGITS = 10**9
RESOLVED, WAITING, UNDER_REVIEW = "RESOLVED", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW"
# What is pressed on the sandbox's page, and what PayPal calls it.
WON, LOST, PAYOUT, CANCEL = "won", "lost", "payout", "cancel"
OUTCOMES = {
    WON: "RESOLVED_SELLER_FAVOUR",
    LOST: "RESOLVED_BUYER_FAVOUR",
    PAYOUT: "RESOLVED_WITH_PAYOUT",
    CANCEL: "CANCELED_BY_BUYER",
}
GIVES_BACK = (LOST, PAYOUT)
REVERSAL = "Payment reversed"
# What a list says of each.
SUMMARY = (
    "dispute_id", "create_time", "update_time", "reason", "status", "dispute_state",
    "dispute_amount", "dispute_life_cycle_stage", "dispute_channel", "seller_response_due_date",
    "links",
)  # fmt: skip


def begin(
    work: PayPalWork, capture: Json, *, cents: int | None = None, reason: str = "UNAUTHORISED"
) -> Json:
    """Let the buyer contest some of a capture, or all that is left of it: the money is held."""
    left = captures.left_cents(work, capture)
    amount = left if cents is None else cents
    is_contestable = capture["status"] in captures.REFUNDABLE and 0 < amount <= left
    if not is_contestable or open_about(work, capture["id"]) is not None:
        raise Unprocessable("NOT_DISPUTABLE", f"The capture {capture['id']} cannot be disputed so.")
    contested = money.of_cents(amount, capture["amount"]["currency_code"])
    dispute = _opened(work, capture, contested, reason)
    work.create(DISPUTE, dispute, hidden={"capture": capture["id"]})
    _tell(work, dispute, "CREATED", "A new dispute opened with Case # {}")
    return dispute


def review(work: PayPalWork, dispute: Json) -> None:
    """Let the merchant have answered: PayPal looks into it."""
    _check_open(dispute)
    changes = {"status": UNDER_REVIEW, "dispute_state": "UNDER_PAYPAL_REVIEW"}
    work.change(dispute, changes | {"update_time": work.moment})
    _tell(work, dispute, "UPDATED", "A dispute was updated with Case # {}")


def decide(work: PayPalWork, dispute: Json, decision: str) -> None:
    """Let PayPal decide, or the buyer give it up; what the merchant has lost is reversed."""
    _check_open(dispute)
    amount = dispute["dispute_amount"]
    if decision == LOST:
        capture = work.addressed(CAPTURE, work.hidden(dispute["dispute_id"])["capture"])
        reversal = captures.give_back(work, capture, amount, {"note_to_payer": REVERSAL})
        said = f"A {money.written(amount)} capture payment was reversed"
        work.emit("PAYMENT.CAPTURE.REVERSED", "refund", reversal, said)
    _resolve(work, dispute, OUTCOMES[decision], amount if decision in GIVES_BACK else None)


def settle_refunded(work: PayPalWork, capture_id: str) -> None:
    """End the dispute of a capture whose merchant has given everything back himself."""
    dispute = open_about(work, capture_id)
    if dispute is not None:
        _resolve(work, dispute, OUTCOMES[LOST], dispute["dispute_amount"])


def open_about(work: PayPalWork, capture_id: str) -> Json | None:
    """Return the dispute about a capture that is not decided yet."""
    about = (each for each in work.newest(DISPUTE) if _is_about(work, each, capture_id))
    return next((each for each in about if each["status"] != RESOLVED), None)


def retrieve(work: PayPalWork, id: str) -> Json:
    """Return a dispute."""
    return work.addressed(DISPUTE, id)


def index(work: PayPalWork, query: Mapping[str, str]) -> Json:
    """Return the newest disputes, or those about a capture."""
    for name in query:
        if name not in FILTERS:
            raise NotInTheSandbox(f"the parameter {name}", field=name)
    size = query.get("page_size", "10")
    if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= PAGE_SIZE_MAX:
        raise malformed("page_size")
    capture_id = query.get("disputed_transaction_id")
    found = [
        {name: each[name] for name in SUMMARY if name in each}
        for each in work.newest(DISPUTE)
        if capture_id is None or _is_about(work, each, capture_id)
    ]
    link = {"href": f"{work.base_url}{PATH}", "rel": "self", "method": "GET"}
    return {"items": found[: int(size)], "links": [link]}


def _opened(work: PayPalWork, capture: Json, contested: Json, reason: str) -> Json:
    id = f"PP-D-{secrets.randbelow(ID_DIGITS):09}"
    named = {"custom": "custom_id", "invoice_number": "invoice_id"}
    transaction = {
        "seller_transaction_id": capture["id"],
        "create_time": capture["create_time"],
        "transaction_status": capture["status"],
        "gross_amount": capture["amount"],
        **{name: capture[theirs] for name, theirs in named.items() if theirs in capture},
        "buyer": {"name": "Bo Buyer"},
        "seller": {
            "email": capture["payee"]["email_address"],
            "merchant_id": capture["payee"]["merchant_id"],
        },
    }
    return {
        "dispute_id": id,
        "create_time": work.moment,
        "update_time": work.moment,
        "disputed_transactions": [transaction],
        "reason": reason,
        "status": WAITING,
        "dispute_state": "REQUIRED_ACTION",
        "dispute_amount": contested,
        "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_channel": "INTERNAL",
        "messages": [],
        "seller_response_due_date": written_moment(work.now + ANSWER_WITHIN_SECONDS),
        "links": [{"href": f"{work.base_url}{PATH}/{id}", "rel": "self", "method": "GET"}],
    }


def _resolve(work: PayPalWork, dispute: Json, code: str, refunded: Json | None) -> None:
    (transaction,) = dispute["disputed_transactions"]
    capture = work.addressed(CAPTURE, transaction["seller_transaction_id"])
    made = captures.refunds_of(work, capture["id"])
    is_reversed = any(each.get("note_to_payer") == REVERSAL for each in made)
    status = "REVERSED" if is_reversed else capture["status"]
    dispute.pop("seller_response_due_date")
    changes = {
        "status": RESOLVED,
        "dispute_state": RESOLVED,
        "dispute_outcome": {
            "outcome_code": code,
            **({} if refunded is None else {"amount_refunded": refunded}),
        },
        "disputed_transactions": [{**transaction, "transaction_status": status}],
        "update_time": work.moment,
    }
    work.change(dispute, changes)
    _tell(work, dispute, "RESOLVED", "A dispute was resolved with Case # {}")


def _check_open(dispute: Json) -> None:
    if dispute["status"] == RESOLVED:
        raise Unprocessable(
            "DISPUTE_RESOLVED", f"The dispute {dispute['dispute_id']} is decided already."
        )


def _is_about(work: PayPalWork, dispute: Json, capture_id: str) -> bool:
    return bool(work.hidden(dispute["dispute_id"])["capture"] == capture_id)


def _tell(work: PayPalWork, dispute: Json, what: str, summary: str) -> None:
    said = summary.format(dispute["dispute_id"])
    work.emit(f"CUSTOMER.DISPUTE.{what}", "dispute", dispute, said)
