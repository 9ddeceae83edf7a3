"""How subscriptions and switches of plan are read from JSON, and written as it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.invoices.bills import Bill
from app.domain.subscriptions.queries import OpenChange, SubscriptionView
from app.entrypoints.api.reading_bodies import (
    field_refusal,
    optional_text_field,
    provider_named,
    refuse_unknown,
    text_field,
)
from app.entrypoints.gateways import DEFAULT_PROVIDER
from app.entrypoints.moments import read_moment
from app.foundation.money import usd_from_minor
from app.workflows.preview_switch import SwitchPreview

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class WantedSwitch:
    """The switch that somebody asks for."""

    plan_id: str
    provider: str
    # Whose amounts are to be charged: those of a preview.
    previewed_at: datetime | None


def plan_to_preview(body: Mapping[str, object]) -> str:
    """Return the plan that is named. Raises Refusal."""
    refuse_unknown(body, known=("plan_id",))
    return text_field(body, "plan_id")


def read_switch(body: Mapping[str, object]) -> WantedSwitch:
    """Return the switch that is asked for. Raises Refusal."""
    refuse_unknown(body, known=("plan_id", "provider", "previewed_at"))
    return WantedSwitch(
        plan_id=text_field(body, "plan_id"),
        provider=provider_named(body, default=DEFAULT_PROVIDER),
        previewed_at=_previewed_at(optional_text_field(body, "previewed_at")),
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


def _previewed_at(text: str | None) -> datetime | None:
    try:
        return None if text is None else read_moment(text)
    except ValueError as error:
        detail = "previewed_at must be a moment as a preview answered it."
        raise field_refusal("previewed_at", "field_invalid", detail) from error
