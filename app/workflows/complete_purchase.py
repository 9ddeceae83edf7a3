"""Complete a purchase: its money has come, so the draft is issued and what was bought is given."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices import credit, reasons, rules
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries as invoice_queries
from app.domain.invoices.models import Invoice
from app.domain.mails import operations as mails
from app.domain.payments.models import Payment
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions.changing import PlanChangeStatus
from app.domain.subscriptions.models import PlanChange, SubscriptionPeriod
from app.domain.tokens import operations as tokens
from app.foundation import journal


def complete_purchase(
    draft: Invoice, account: Account, *, payment: Payment | None, now: datetime
) -> bool:
    """Give what a draft was drawn up for, once; tell whether it could still be given.

    Without a payment nothing was due. The account is locked.
    """
    if account.deletion_asked_at is not None:
        # It would be lost with the account.
        invoices.void(draft, account, reason=reasons.ACCOUNT_LEAVES, now=now)
        return False
    if draft.plan_change_id is None:
        assert payment is not None, "extra tokens are always paid"
        _issue(draft, account, now=now)
        _give_tokens(draft, account, payment, now=now)
        return True
    accepted = plan_changes.plan_change(draft.plan_change_id)
    if accepted.status != PlanChangeStatus.OPEN or not plan_changes.still_fits(accepted, now=now):
        # Another period or plan runs by now: nothing switches, and the money goes back.
        invoices.void(draft, account, reason=reasons.OTHER_PLAN_RUNS, now=now)
        return False
    period = plan_changes.apply(accepted, account, now=now)
    _say_its_dates(draft, accepted, period)
    _issue(draft, account, now=now)
    _give_rest_of_credit(accepted, account, now=now)
    _tell_of_plan(accepted, account, now=now)
    return True


def _issue(draft: Invoice, account: Account, *, now: datetime) -> None:
    invoices.issue([draft], {account.id: account}, due_at=now, now=now)


def _say_its_dates(draft: Invoice, accepted: PlanChange, period: SubscriptionPeriod) -> None:
    draft.period_id = period.id
    if accepted.from_plan_id != PAY_AS_YOU_GO:
        return
    # The period began when the money came, not when the change was accepted.
    lines = invoice_queries.lines_of([draft.id])[draft.id]
    begun = rules.plan_line(
        catalog.plan(accepted.to_plan_id).name,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        price_minor=accepted.charge_minor,
    )
    invoices.replace_lines(draft, [begun, *lines[1:]])


def _give_rest_of_credit(accepted: PlanChange, account: Account, *, now: datetime) -> None:
    credit.add(
        account,
        minor=max(accepted.credit_minor - accepted.charge_minor, 0),
        kind="plan_change",
        source=f"plan_change:{accepted.id}",
        note="Unused time of the plan before",
        now=now,
    )


def _tell_of_plan(accepted: PlanChange, account: Account, *, now: datetime) -> None:
    names = {plan.id: plan.name for plan in catalog.plans()}
    facts = {
        "from_plan_name": names[accepted.from_plan_id],
        "to_plan_name": names[accepted.to_plan_id],
        "at": now.isoformat(),
    }
    mails.write("plan_changed", account, about=str(accepted.id), facts=facts, now=now)
    _note("plan_changed", account, {"change": accepted.id, "to": accepted.to_plan_id}, now=now)


def _give_tokens(draft: Invoice, account: Account, payment: Payment, *, now: datetime) -> None:
    (line,) = invoice_queries.lines_of([draft.id])[draft.id]
    assert line.unit_price_nanos is not None, "extra tokens have their price on the line"
    tokens.buy(
        account,
        tokens_count=line.quantity,
        # Nano-USD per 1,000 tokens are pico-USD per token.
        price_pico=line.unit_price_nanos,
        source=f"payment:{payment.public_id}",
        now=now,
    )
    facts: dict[str, object] = {
        "tokens": line.quantity,
        "amount_minor": payment.amount_minor,
        "balance": account.extra_tokens,
        "invoice_number": draft.invoice_number,
        "automatic": payment.method == "off_session",
    }
    mails.write("tokens_bought", account, about=payment.public_id, facts=facts, now=now)
    _note("tokens_bought", account, {"tokens": line.quantity}, now=now)


def _note(act: str, account: Account, details: Mapping[str, object], *, now: datetime) -> None:
    journal.write(act, actor="system", user_id=account.id, now=now, details=details)
