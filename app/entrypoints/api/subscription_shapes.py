"""How subscriptions and switches of plan are read from JSON, and written as it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.invoices.bills import Bill
from app.domain.subscriptions.queries import OpenChange, SubscriptionView
from app.entrypoints.api.describing import parts
from app.entrypoints.api.provider_shapes import PROVIDER
from app.entrypoints.api.reading_fields import NAME, Shape, ShortBody
from app.entrypoints.gateways import DEFAULT_PROVIDER
from app.entrypoints.moments import read_moment
from app.foundation.money import usd_from_minor
from app.workflows.preview_switch import SwitchPreview
from app.workflows.switch_plan import Agreed

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class WantedSwitch:
    """The switch that somebody asks for."""

    plan_id: str
    provider: str
    # Whose amounts are to be charged: those of a preview.
    agreed: Agreed


def _previewed_at(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no text")
    return read_moment(value)


_PLAN = NAME.said(example="plan-pro")
_PREVIEWED_AT = Shape(
    _previewed_at,
    "a moment as a preview answered it",
    parts.moment("As a preview answered it: its amounts are charged."),
    code="field_invalid",
)
_TERMS = NAME.said(
    "As a preview answered them: if they are others by now, nothing is charged.",
    example="9999.0.9999.1000000.0f3c5a7d9b1e2c4f6a8b0d1e3f5a7c9b",
)
PREVIEW = ShortBody("The plan to look at.", {"plan_id": _PLAN})
SWITCH = ShortBody(
    "The plan to switch to.",
    {"plan_id": _PLAN},
    {"provider": PROVIDER, "previewed_at": _PREVIEWED_AT, "terms": _TERMS},
)


def plan_to_preview(body: Mapping[str, object]) -> str:
    """Return the plan that is named. Raises Refusal."""
    plan_id: str = PREVIEW.read(body)["plan_id"]
    return plan_id


def read_switch(body: Mapping[str, object]) -> WantedSwitch:
    """Return the switch that is asked for. Raises Refusal."""
    fields = SWITCH.read(body)
    return WantedSwitch(
        plan_id=fields["plan_id"],
        provider=fields.get("provider", DEFAULT_PROVIDER),
        agreed=Agreed(fields.get("previewed_at"), fields.get("terms")),
    )


def subscription_body(standing: SubscriptionView, *, checkout_url: str | None) -> Body:
    """Return the subscription; the page is the one on which its open change is paid."""
    period = standing.period
    return {
        "plan_id": standing.plan_id,
        "plan": standing.plan,
        "status": standing.status,
        "period_start": period.starts_at,
        "period_end": period.ends_at,
        "quota": period.quota,
        "tokens_used": period.tokens_used,
        "quota_tokens_used": period.quota_tokens_used,
        "tokens_remaining": period.tokens_remaining,
        "price": usd_from_minor(period.terms.price_minor),
        "billing_cycle": "monthly",
        "next_billing_date": period.ends_at,
        "auto_renew": standing.auto_renew,
        "cancel_at_period_end": not standing.auto_renew,
        "cancelled_at": standing.cancelled_at,
        "pending_plan_id": standing.pending_plan_id,
        "grace_ends_at": period.grace_ends_at,
        "open_change": _open_change(standing.open_change, checkout_url),
    }


def preview_body(preview: SwitchPreview) -> Body:
    """Return what a switch comes to."""
    change = preview.change
    return {
        "kind": change.kind.value,
        "from_plan_id": change.before.plan_id,
        "to_plan_id": change.after.plan_id,
        "lines": [
            {
                "description": explained.line.description,
                "amount": usd_from_minor(explained.line.amount_minor),
                "formula": explained.formula,
            }
            for explained in preview.lines
        ],
        "credit": usd_from_minor(change.credit_minor),
        "charge": usd_from_minor(change.charge_minor),
        **_bill(preview.bill),
        "amount_due": usd_from_minor(preview.due_minor),
        "credit_to_account": usd_from_minor(change.to_account_credit_minor),
        "quota_change": change.quota_change,
        "effective_at": preview.effective_at,
        "previewed_at": preview.previewed_at,
        "terms": preview.terms,
    }


def _bill(bill: Bill | None) -> Body:
    """Return what comes between the lines and the amount that is due."""
    discounts = () if bill is None else bill.discounts
    return {
        "discounts": [
            {"code": discount.code, "amount": usd_from_minor(discount.minor)}
            for discount in discounts
        ],
        "tax": usd_from_minor(0 if bill is None else bill.totals.tax_minor),
        "account_credit_used": usd_from_minor(0 if bill is None else bill.credit_used_minor),
    }


def _open_change(change: OpenChange | None, checkout_url: str | None) -> Body | None:
    if change is None:
        return None
    return {
        "plan_id": change.to_plan_id,
        "lapses_at": change.lapses_at,
        # Null where no page is open: asking for the switch again opens one.
        "checkout_url": checkout_url,
    }
