"""Buy tokens automatically: whether some are to be bought now, and if so, the attempt.

Nothing is charged here: the attempt is written down, and a promise to charge the card.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account, BillingSettings
from app.domain.accounts.views import SettingsView
from app.domain.invoices.operations import Seller
from app.domain.payments import operations as payments
from app.domain.payments import queries as payment_queries
from app.domain.payments.top_ups import PURPOSE, TopUps, top_ups_of
from app.domain.subscriptions import operations as subscriptions
from app.domain.tokens import operations as tokens
from app.domain.tokens import queries as token_queries
from app.domain.tokens.errors import NoTokensForSale, TopUpAmountInvalid
from app.domain.tokens.rules import Guard, TopUpState, begun_anew, guard, is_automatic
from app.foundation import journal, outbox
from app.workflows.charge_saved_card import CHARGE_SAVED_CARD
from app.workflows.top_up import Counter, counter_of, draw_up_top_up, price_top_up


def find_top_ups() -> Sequence[str]:
    """Return the accounts whose balance is below their threshold and who have a card to charge."""
    return payment_queries.accounts_to_top_up()


def auto_top_up(user_id: str, *, seller: Seller, grace: timedelta, now: datetime) -> Guard:
    """Write down an attempt to buy tokens if the guard lets it; return what it says."""
    account = accounts.lock_accounts({user_id})[user_id]
    subscriptions.roll_over_account(account, now=now, grace=grace)
    counter = counter_of(account, seller_country=seller.country, grace=grace, now=now)
    state = top_up_state(account, counter, top_ups_of(user_id, now=now), now=now)
    said = guard(state, now=now)
    if said is not Guard.BUY:
        return said
    card = payment_queries.card_to_charge(user_id)
    assert card is not None, "the guard has seen a card"
    draft = draw_up_top_up(
        account, amount_minor=state.amount_minor, seller=seller, grace=grace, now=now
    )
    payment = payments.add_off_session(
        draft, purpose=PURPOSE, card=card, amount_minor=draft.final_minor, now=now
    )
    tokens.note_attempt(user_id, now=now)
    outbox.add(CHARGE_SAVED_CARD, {"payment": payment.public_id}, now=now)
    details = {"payment": payment.public_id, "amount_minor": draft.final_minor}
    journal.write("auto_topup_begun", actor="system", user_id=user_id, now=now, details=details)
    return said


def top_up_state(
    account: Account,
    counter: Counter,
    top_ups: TopUps,
    *,
    typed: SettingsView | None = None,
    now: datetime,
) -> TopUpState:
    """Return all that automatic top-up depends on, for the guard and for the page that shows it.

    With what is being typed, it is as it will be once that is saved.
    """
    state = _state(account, counter, top_ups, typed or counter.chosen, now=now)
    is_new = typed is not None and typed.auto_topup and not counter.chosen.auto_topup
    return begun_anew(state) if is_new else state


def _state(
    account: Account,
    counter: Counter,
    top_ups: TopUps,
    chosen: BillingSettings | SettingsView,
    *,
    now: datetime,
) -> TopUpState:
    period = counter.period
    remembered = token_queries.find_guard(account.id)
    tried = top_ups.tried
    return TopUpState(
        is_on=is_automatic(switched_on=chosen.auto_topup, threshold=chosen.auto_topup_threshold),
        threshold=chosen.auto_topup_threshold,
        amount_minor=chosen.auto_topup_amount_minor,
        gross_minor=_gross_minor(counter, chosen.auto_topup_amount_minor, now=now),
        price_pico=period.terms.extra_token_price_pico,
        token_balance=period.tokens_remaining + account.extra_tokens,
        has_card=top_ups.card is not None,
        is_in_flight=tried.is_in_flight,
        last_attempt_at=None if remembered is None else remembered.last_attempt_at,
        paused_until=None if remembered is None else remembered.paused_until,
        awaits_authentication=remembered is not None and remembered.awaits_authentication,
        was_switched_off=remembered is not None and remembered.switched_off_at is not None,
        count_this_month=tried.count,
        gross_this_month_minor=tried.gross_minor,
        max_per_month=chosen.auto_topup_max_per_month,
        monthly_limit_minor=chosen.auto_topup_monthly_limit_minor,
        declines_in_a_row=0 if remembered is None else remembered.declines_in_a_row,
        account_ends=account.deletion_asked_at is not None,
    )


def _gross_minor(counter: Counter, amount_minor: int, *, now: datetime) -> int:
    try:
        bill = price_top_up(counter, amount_minor=amount_minor, now=now)
    except (NoTokensForSale, TopUpAmountInvalid):
        # The guard says why nothing is bought.
        return amount_minor
    return bill.totals.final_minor
