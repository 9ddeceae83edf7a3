"""Automatic top-up as the customer has set it: what one purchase comes to, and the rule in words.

Every page that speaks of it says the same sentence.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.accounts.views import SettingsView
from app.domain.invoices.bills import Bill
from app.domain.payments.top_ups import TopUps
from app.domain.tokens import top_up_words
from app.domain.tokens.errors import NoTokensForSale
from app.domain.tokens.rules import NeverBuys, guard, never_buys_because
from app.domain.tokens.top_up_words import Purchase, TopUpRule
from app.entrypoints.selling import seller
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web.errors import refusals_noted
from app.foundation.sentences import Sentence
from app.workflows.auto_top_up import top_up_state
from app.workflows.top_up import Counter, counter_of, price_top_up


@dataclass(frozen=True, slots=True)
class Automatic:
    """What is bought automatically as it is set, and what keeps it from ever happening."""

    chosen: SettingsView
    # One purchase and the rule in words; None where no tokens are for sale.
    bill: Bill | None
    rule: Sentence | None
    gross_minor: int
    never_buys_because: NeverBuys | None


def counter(account: Account, *, now: datetime) -> Counter:
    """Return all that the prices of the account's extra tokens depend on."""
    return counter_of(account, seller_country=seller().country, grace=renewal_grace(), now=now)


def price_of(counter: Counter, amount_minor: int, *, now: datetime) -> Bill | None:
    """Return what a purchase comes to, where tokens are for sale. Raises TopUpAmountInvalid."""
    with refusals_noted(NoTokensForSale):
        return price_top_up(counter, amount_minor=amount_minor, now=now)
    return None


def quote_in_words(bill: Bill | None) -> Sentence | None:
    """Return what a purchase buys, as a sentence."""
    return None if bill is None else top_up_words.quote_of(_purchase(bill))


def automatic(counter: Counter, chosen: SettingsView, *, now: datetime) -> Automatic:
    """Return the rule that somebody has set, or is about to set."""
    bill = price_of(counter, chosen.auto_topup_amount_minor, now=now)
    gross_minor = chosen.auto_topup_amount_minor if bill is None else bill.totals.final_minor
    return Automatic(
        chosen=chosen,
        bill=bill,
        rule=None if bill is None else top_up_words.rule_of(_rule(chosen), _purchase(bill)),
        gross_minor=gross_minor,
        never_buys_because=never_buys_because(
            threshold=chosen.auto_topup_threshold,
            max_per_month=chosen.auto_topup_max_per_month,
            monthly_limit_minor=chosen.auto_topup_monthly_limit_minor,
            gross_minor=gross_minor,
        ),
    )


def as_ruled(
    account: Account,
    counter: Counter,
    chosen: SettingsView,
    top_ups: TopUps,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Return the rule and what keeps it from buying now, for a page that says both in words."""
    state = top_up_state(account, counter, top_ups, typed=chosen, now=now)
    return {
        "automatic": automatic(counter, chosen, now=now),
        "state": state,
        "said": guard(state, now=now),
        "local": zone(account.timezone),
        "now": now,
    }


def _rule(chosen: SettingsView) -> TopUpRule:
    return TopUpRule(
        threshold=chosen.auto_topup_threshold,
        max_per_month=chosen.auto_topup_max_per_month,
        monthly_limit_minor=chosen.auto_topup_monthly_limit_minor,
    )


def _purchase(bill: Bill) -> Purchase:
    (line,), taxation = bill.lines, bill.payer.taxation
    return Purchase(
        tokens=line.quantity,
        net_minor=bill.totals.amount_minor,
        tax_minor=bill.totals.tax_minor,
        tax_name=taxation.name,
        tax_rate_bp=taxation.rate_bp,
        reverse_charge=taxation.reverse_charge,
    )
