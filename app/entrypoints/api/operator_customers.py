"""What operators' programs ask of customers, and decide about them."""

from flask import Blueprint, Response

from app.domain.accounts import standing
from app.domain.accounts.models import Account
from app.domain.accounts.rules import CREDIT_LIMIT_MINOR_MAX, REASON_LENGTH_MAX
from app.domain.reporting import customers
from app.domain.reporting.customers import CustomerView
from app.domain.tokens.adjusting import ADJUSTMENT_MAX
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators, operator_actor
from app.entrypoints.api.changing import changes
from app.entrypoints.api.reading_bodies import field_refusal, json_object
from app.entrypoints.api.reading_fields import TEXT, TRUTH, USD, WHOLE, Body
from app.entrypoints.api.reading_queries import AT_ONCE, CURSOR, Parameters, text, whole
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.money import minor_from_usd, usd_from_minor, usd_from_nanos
from app.workflows.adjust_tokens import adjust_tokens

calls = Blueprint("operator_customers", __name__)

QUERY = text("query", "Part of an id, mail or name.")
LIMIT = whole("limit", AT_ONCE, default=50, most=200)
DECISION = Body(
    "What is decided about a customer.",
    {
        "suspended": TRUTH,
        "credit_limit": USD.within(0, usd_from_minor(CREDIT_LIMIT_MINOR_MAX)).or_null(
            "Null: the usual limit."
        ),
        # Nobody asks for it, nor looks at it, but with the first.
        "reason": TEXT.said("Why, with `suspended`: like that of an adjustment."),
    },
)
ADJUSTMENT = Body(
    "Extra tokens to give, or below 0 to take away, granted ones first.",
    {
        "tokens": WHOLE.within(-ADJUSTMENT_MAX, ADJUSTMENT_MAX).said("Not 0."),
        "reason": TEXT.within(1, REASON_LENGTH_MAX).said("It stands in the journal."),
    },
    required=("tokens", "reason"),
)
UNSAID = "none was given"


@calls.get("/operator/customers")
@for_operators
def list_customers() -> Response:
    """Answer a page of customers, those whose id, mail or name has the text of `query`."""
    asked = Parameters(QUERY, CURSOR, LIMIT)
    query, cursor, limit = asked.text(QUERY), asked.cursor(), asked.whole(LIMIT)
    asked.check()
    page = customers.customers_page(
        query=query, cursor=cursor, limit=limit, now=clock.now(), grace=renewal_grace()
    )
    next_cursor = None if page.next_cursor is None else str(page.next_cursor)
    return answer({"customers": list(map(_customer, page.customers)), "next_cursor": next_cursor})


@calls.get("/operator/customers/<user_id>")
@for_operators
def show_customer(user_id: str) -> Response:
    """Answer one customer."""
    Parameters().check()
    return _answer(user_id)


@calls.put("/operator/customers/<user_id>")
@for_operators
@changes
def change_customer(user_id: str) -> Response:
    """Suspend a customer or let him go on, and set how much he may owe; null is the usual limit."""
    fields = DECISION.read(json_object())
    account = standing.lock_customer(user_id)
    if "credit_limit" in fields:
        _set_credit_limit(account, fields["credit_limit"])
    if "suspended" in fields:
        decide = standing.suspend if fields["suspended"] else standing.resume
        decide(
            account, reason=fields.get("reason", UNSAID), actor=operator_actor(), now=clock.now()
        )
    return _answer(user_id)


@calls.post("/operator/customers/<user_id>/tokens")
@for_operators
@changes
def post_tokens(user_id: str) -> Response:
    """Give a customer extra tokens, or take some away, for a reason."""
    fields = ADJUSTMENT.read(json_object())
    tokens, reason = fields["tokens"], fields["reason"]
    adjust_tokens(user_id, tokens, reason=reason, actor=operator_actor(), now=clock.now())
    return _answer(user_id, status=201)


def _set_credit_limit(account: Account, usd: object) -> None:
    try:
        minor = None if usd is None else minor_from_usd(str(usd))
    except ValueError as error:
        detail = "credit_limit must be an amount in USD, or null for the usual limit."
        raise field_refusal("credit_limit", "credit_limit_invalid", detail) from error
    standing.set_credit_limit(account, minor, actor=operator_actor(), now=clock.now())


def _answer(user_id: str, *, status: int = 200) -> Response:
    found = customers.customer(user_id, now=clock.now(), grace=renewal_grace())
    return answer(_customer(found), status=status)


def _customer(customer: CustomerView) -> dict[str, object]:
    limit = customer.credit_limit_minor
    return {
        "user_id": customer.user_id,
        "number": customer.number,
        "email": customer.email,
        "name": customer.name,
        "plan_id": customer.plan_id,
        "token_balance": customer.token_balance,
        "tokens_remaining": customer.tokens_remaining,
        "extra_tokens": customer.extra_tokens,
        "credit": usd_from_minor(customer.credit_minor),
        # Null: the usual limit.
        "credit_limit": None if limit is None else usd_from_minor(limit),
        "current_month_cost": usd_from_nanos(customer.month_cost_nanos),
        "unpaid": usd_from_minor(customer.unpaid_minor),
        "suspended": customer.suspended_at is not None,
        "suspended_at": customer.suspended_at,
        "suspended_because": customer.suspended_because,
        "created_at": customer.created_at,
    }
