"""What becomes of an attempt when the provider says something of it. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.payments.errors import (
    CardNotUsable,
    OutcomeImpossible,
    OutcomeMismatch,
    PaymentNotRefundable,
    RefundTooLarge,
)
from app.domain.payments.gateway import (
    DisputeStatus,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcomeStatus,
)
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import Sentence, say

# A page at the provider lives at least half an hour. Ours lives twice as long, so that for the
# first half an hour a call whose answer was lost can be repeated with the very same words.
CHECKOUT_LIFE = timedelta(minutes=60)
CHECKOUT_LIFE_LEAST = timedelta(minutes=30)
# A change of plan holds its amounts no longer than it must; a few minutes let the call arrive,
# also when another tab or the sweep has to make it again.
PLAN_CHANGE_LIFE = CHECKOUT_LIFE_LEAST + timedelta(minutes=5)
# So long after it was drawn up a purchase gets another page: with page after page, its price
# would hold as long as anybody likes. A bank may want to hear whoever buys tokens: he has a day.
MORE_PAGES_FOR = {"plan_change": PLAN_CHANGE_LIFE, "topup": timedelta(hours=24)}
REPEAT_MARGIN = timedelta(minutes=2)
# So long after its end another page waits for what became of the last one. The sweep has asked
# by then: five minutes after the last news at the latest, and it comes by every minute.
HEARD_OF_WITHIN = timedelta(minutes=10)
# On the provider's page, or with a saved card: by itself, or because its owner has just said so.
CHECKOUT, OFF_SESSION, ON_SESSION = "checkout", "off_session", "on_session"
# Providers remember the answer to a key for a day. After that the same call would be a new one.
KEY_LIFE = timedelta(hours=23)
# Stripe's word for a bank that wants to hear the card's owner himself.
AUTHENTICATION_REQUIRED = "authentication_required"


class PaymentStatus(StrEnum):
    """Where an attempt stands."""

    # Written down; the provider has perhaps not been asked yet.
    CREATED = "created"
    # The provider knows it, and waits for the customer or the money.
    PENDING = "pending"
    # Asked without an answer.
    UNKNOWN = "unknown"
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"


# Where an attempt stands, as refusals name it.
STATUS_WORDS: Mapping[str, Sentence] = {
    PaymentStatus.CREATED: say("created"),
    PaymentStatus.PENDING: say("pending"),
    PaymentStatus.UNKNOWN: say("unknown"),
    PaymentStatus.SETTLED: say("settled"),
    PaymentStatus.FAILED: say("failed"),
    PaymentStatus.EXPIRED: say("expired"),
}


class RefundStatus(StrEnum):
    """Where a refund stands."""

    # Written down; the provider has perhaps not been asked yet.
    CREATED = "created"
    # The provider has taken the order; the money takes its time.
    PENDING = "pending"
    # Asked without an answer.
    UNKNOWN = "unknown"
    SETTLED = "settled"
    FAILED = "failed"


class Verdict(StrEnum):
    """What is done with an outcome that changes nothing."""

    IGNORE = "ignore"
    REFUSE = "refuse"


UNDECIDED = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.UNKNOWN)
# After how long a sweep asks the provider about an attempt that nothing was heard of.
ASK_AFTER: Mapping[PaymentStatus, timedelta] = {
    PaymentStatus.CREATED: timedelta(minutes=2),
    PaymentStatus.UNKNOWN: timedelta(minutes=2),
    PaymentStatus.PENDING: timedelta(minutes=5),
}

# When a saved card is charged for an invoice, counted from its issue: at once, then on later days.
CHARGE_AFTER = (timedelta(0), timedelta(days=1), timedelta(days=3), timedelta(days=5))

_IGNORE, _REFUSE = Verdict.IGNORE, Verdict.REFUSE
_UNASKED: Mapping[OutcomeStatus, PaymentStatus | Verdict] = {
    OutcomeStatus.OPEN: PaymentStatus.PENDING,
    OutcomeStatus.UNANSWERED: PaymentStatus.UNKNOWN,
    OutcomeStatus.REFUSED: PaymentStatus.FAILED,
    OutcomeStatus.PROCESSING: PaymentStatus.PENDING,
    OutcomeStatus.PAID: PaymentStatus.SETTLED,
    OutcomeStatus.FAILED: PaymentStatus.FAILED,
    OutcomeStatus.EXPIRED: PaymentStatus.EXPIRED,
}
# Late money settles what had ended without it; nothing else wakes what has ended.
_ENDED = dict.fromkeys(OutcomeStatus, _IGNORE) | {OutcomeStatus.PAID: PaymentStatus.SETTLED}
TRANSITIONS: Mapping[PaymentStatus, Mapping[OutcomeStatus, PaymentStatus | Verdict]] = {
    PaymentStatus.CREATED: _UNASKED,
    PaymentStatus.UNKNOWN: {**_UNASKED, OutcomeStatus.UNANSWERED: _IGNORE},
    PaymentStatus.PENDING: {
        **_UNASKED,
        OutcomeStatus.OPEN: _IGNORE,
        OutcomeStatus.PROCESSING: _IGNORE,
        # Two calls ran beside each other, and the other one was answered.
        OutcomeStatus.UNANSWERED: _IGNORE,
        OutcomeStatus.REFUSED: _IGNORE,
    },
    PaymentStatus.SETTLED: {
        OutcomeStatus.OPEN: _IGNORE,
        OutcomeStatus.UNANSWERED: _IGNORE,
        OutcomeStatus.REFUSED: _IGNORE,
        OutcomeStatus.PROCESSING: _IGNORE,
        OutcomeStatus.PAID: _IGNORE,
        # A page that was paid neither fails nor expires: somebody is wrong, and must look.
        OutcomeStatus.FAILED: _REFUSE,
        OutcomeStatus.EXPIRED: _REFUSE,
    },
    PaymentStatus.FAILED: _ENDED,
    PaymentStatus.EXPIRED: _ENDED,
}

# Refunds may fail after they were settled: then the money is back with us.
REFUND_TRANSITIONS: Mapping[RefundStatus, Mapping[RefundOutcomeStatus, RefundStatus | Verdict]] = {
    RefundStatus.CREATED: {
        RefundOutcomeStatus.UNANSWERED: RefundStatus.UNKNOWN,
        RefundOutcomeStatus.REFUSED: RefundStatus.FAILED,
        RefundOutcomeStatus.PENDING: RefundStatus.PENDING,
        RefundOutcomeStatus.SETTLED: RefundStatus.SETTLED,
        RefundOutcomeStatus.FAILED: RefundStatus.FAILED,
    },
    RefundStatus.UNKNOWN: {
        RefundOutcomeStatus.UNANSWERED: _IGNORE,
        RefundOutcomeStatus.REFUSED: RefundStatus.FAILED,
        RefundOutcomeStatus.PENDING: RefundStatus.PENDING,
        RefundOutcomeStatus.SETTLED: RefundStatus.SETTLED,
        RefundOutcomeStatus.FAILED: RefundStatus.FAILED,
    },
    RefundStatus.PENDING: {
        # Two calls ran beside each other, and the other one was answered.
        RefundOutcomeStatus.UNANSWERED: _IGNORE,
        RefundOutcomeStatus.REFUSED: _IGNORE,
        RefundOutcomeStatus.PENDING: _IGNORE,
        RefundOutcomeStatus.SETTLED: RefundStatus.SETTLED,
        RefundOutcomeStatus.FAILED: RefundStatus.FAILED,
    },
    RefundStatus.SETTLED: {
        RefundOutcomeStatus.UNANSWERED: _IGNORE,
        RefundOutcomeStatus.REFUSED: _IGNORE,
        RefundOutcomeStatus.PENDING: _IGNORE,
        RefundOutcomeStatus.SETTLED: _IGNORE,
        RefundOutcomeStatus.FAILED: RefundStatus.FAILED,
    },
    RefundStatus.FAILED: {
        RefundOutcomeStatus.UNANSWERED: _IGNORE,
        RefundOutcomeStatus.REFUSED: _IGNORE,
        # Money that goes out after all is never overlooked.
        RefundOutcomeStatus.PENDING: RefundStatus.PENDING,
        RefundOutcomeStatus.SETTLED: RefundStatus.SETTLED,
        RefundOutcomeStatus.FAILED: _IGNORE,
    },
}
REFUND_UNDECIDED = (RefundStatus.CREATED, RefundStatus.PENDING, RefundStatus.UNKNOWN)
ASK_ABOUT_REFUND_AFTER: Mapping[RefundStatus, timedelta] = {
    RefundStatus.CREATED: timedelta(minutes=2),
    RefundStatus.UNKNOWN: timedelta(minutes=2),
    # A bank takes days; the provider tells us when it has.
    RefundStatus.PENDING: timedelta(hours=1),
}
DISPUTE_TRANSITIONS: Mapping[DisputeStatus, Mapping[DisputeStatus, DisputeStatus | Verdict]] = {
    DisputeStatus.OPEN: {
        DisputeStatus.OPEN: _IGNORE,
        DisputeStatus.WON: DisputeStatus.WON,
        DisputeStatus.LOST: DisputeStatus.LOST,
    },
    # Old news may come late; a decision that turns into the other one, somebody must look at.
    DisputeStatus.WON: {
        DisputeStatus.OPEN: _IGNORE,
        DisputeStatus.WON: _IGNORE,
        DisputeStatus.LOST: _REFUSE,
    },
    DisputeStatus.LOST: {
        DisputeStatus.OPEN: _IGNORE,
        DisputeStatus.WON: _REFUSE,
        DisputeStatus.LOST: _IGNORE,
    },
}


def next_status(current: str, outcome: OutcomeStatus) -> PaymentStatus | None:
    """Return the status an outcome leads to, None if it is no news. Raises OutcomeImpossible."""
    following = TRANSITIONS[PaymentStatus(current)][outcome]
    if following is Verdict.REFUSE:
        raise OutcomeImpossible(
            say(
                "The payment is {status}; the provider now says {outcome}.",
                {"status": current, "outcome": outcome},
            )
        )
    return following if isinstance(following, PaymentStatus) else None


def check_terms(
    outcome: PaymentOutcome, *, provider: str, reference: str, amount_minor: int, currency: str
) -> None:
    """Refuse an outcome that is not about exactly what was ordered."""
    said = (outcome.provider, outcome.reference, outcome.amount_minor, outcome.currency)
    ordered = (provider, reference, amount_minor, currency)
    if said != ordered:
        told = "{} {}: {} cents {}"
        raise OutcomeMismatch(
            say(
                "Ordered was {ordered}; the provider speaks of {said}.",
                {"ordered": told.format(*ordered), "said": told.format(*said)},
            )
        )


def check_same_payment(outcome: PaymentOutcome, *, provider_payment: str | None) -> None:
    """Refuse money that comes a second time for an attempt that is settled."""
    is_paid = outcome.status is OutcomeStatus.PAID
    if is_paid and provider_payment is not None and outcome.provider_payment != provider_payment:
        raise OutcomeMismatch(
            say(
                "Settled by {payment}; the provider also took {other}.",
                {"payment": provider_payment, "other": outcome.provider_payment},
            )
        )


def is_processing(status: str, *, expires_at: datetime | None) -> bool:
    """Tell whether the customer has done his part, and the provider waits for the money alone."""
    return status == PaymentStatus.PENDING and expires_at is None


def is_awaited(status: str, *, expires_at: datetime | None) -> bool:
    """Tell whether its customer has left without knowing whether what he has paid arrives."""
    # A page always has its end; a charge, and what is processed, have none.
    return status in (PaymentStatus.PENDING, PaymentStatus.UNKNOWN) and expires_at is None


def is_reusable(status: str, *, has_page: bool, expires_at: datetime, now: datetime) -> bool:
    """Tell whether the customer can be sent to the page of an earlier attempt."""
    return status == PaymentStatus.PENDING and has_page and now < expires_at


def is_repeatable(status: str, *, has_page: bool, expires_at: datetime, now: datetime) -> bool:
    """Tell whether the call of an earlier attempt is to be made again, word for word."""
    # Later the provider would refuse the page's end as too near, if it has no such page.
    in_time = now + CHECKOUT_LIFE_LEAST + REPEAT_MARGIN <= expires_at
    return status in UNDECIDED and not has_page and in_time


def is_soon_heard_of(expires_at: datetime, *, now: datetime) -> bool:
    """Tell whether a page has ended so lately that news of it are worth waiting for."""
    return expires_at <= now < expires_at + HEARD_OF_WITHIN


def checkout_life(purpose: str) -> timedelta:
    """Return how long the provider's page of an attempt stays open."""
    return PLAN_CHANGE_LIFE if purpose == "plan_change" else CHECKOUT_LIFE


def gets_another_page(purpose: str, *, drawn_up_at: datetime, now: datetime) -> bool:
    """Tell whether what is paid still costs what it did when it was drawn up."""
    lasts = MORE_PAGES_FOR.get(purpose)
    return lasts is None or now < drawn_up_at + lasts


def next_charge_at(issued_at: datetime, *, now: datetime) -> datetime | None:
    """Return when a saved card is charged for the invoice again; None after the last time."""
    return next((issued_at + after for after in CHARGE_AFTER if issued_at + after > now), None)


def is_charge_due(issued_at: datetime, *, last_at: datetime | None, now: datetime) -> bool:
    """Tell whether a saved card is to be charged now: once from each of the days on.

    Whoever comes late tries once, not once for each day that was missed.
    """
    begun = [issued_at + after for after in CHARGE_AFTER if issued_at + after <= now]
    return bool(begun) and (last_at is None or last_at < begun[-1])


def is_within_key_life(created_at: datetime, *, now: datetime) -> bool:
    """Tell whether the same key still leads to the same answer, and not to a second payment."""
    return now < created_at + KEY_LIFE


def next_refund_status(current: str, outcome: RefundOutcomeStatus) -> RefundStatus | None:
    """Return the status an outcome of a refund leads to, None if it is no news."""
    following = REFUND_TRANSITIONS[RefundStatus(current)][outcome]
    return following if isinstance(following, RefundStatus) else None


def next_dispute_status(current: str, seen: DisputeStatus) -> DisputeStatus | None:
    """Return where a dispute goes, None if it is no news. Raises OutcomeImpossible."""
    following = DISPUTE_TRANSITIONS[DisputeStatus(current)][seen]
    if following is Verdict.REFUSE:
        raise OutcomeImpossible(
            say(
                "The dispute was {status}; the provider now says {outcome}.",
                {"status": current, "outcome": seen},
            )
        )
    return following if isinstance(following, DisputeStatus) else None


# What the demo's payments are called: they came with it, and no provider has ever heard of them.
DEMO_PAYMENT = "pi_demo_"


MADE_UP = say(
    "This payment came with the demo: its provider knows nothing of it. Pay an invoice in the"
    " sandbox, and refund that."
)


def is_made_up(provider_payment: str | None) -> bool:
    """Tell whether only the demo knows of a payment."""
    return provider_payment is not None and provider_payment.startswith(DEMO_PAYMENT)


def check_known_to_provider(provider_payment: str | None) -> None:
    """Refuse to ask a provider about a payment that only the demo has made up."""
    if is_made_up(provider_payment):
        raise PaymentNotRefundable(MADE_UP)


def check_refundable(amount_minor: int, *, status: str, left_minor: int, is_disputed: bool) -> None:
    """Refuse to give back what was not paid, is contested, or more than is left."""
    if status != PaymentStatus.SETTLED:
        raise PaymentNotRefundable(
            say(
                "The payment is {status}: there is no money to give back.",
                {"status": STATUS_WORDS[status]},
            )
        )
    if is_disputed:
        raise PaymentNotRefundable(
            say("The payment is disputed: nobody has decided yet where its money goes.")
        )
    if left_minor <= 0:
        raise PaymentNotRefundable(say("All of this payment has gone back already."))
    if not 0 < amount_minor <= left_minor:
        raise RefundTooLarge(
            say(
                "From $0.01 to {most} of this payment can be refunded.",
                {"most": usd_of_minor(left_minor)},
            )
        )


def check_chargeable(*, is_removed: bool, has_consent: bool) -> None:
    """Refuse to charge a card that its owner has taken away, or never allowed us to charge."""
    if is_removed:
        raise CardNotUsable(say("This card has been removed."))
    if not has_consent:
        raise CardNotUsable(say("Nobody has agreed that this card is charged by itself."))


def idempotency_key(
    public_id: str, *, attempt_number: int, method: str = CHECKOUT, card_id: int | None = None
) -> str:
    """Return the key of an attempt's call: no other attempt, method or card ever has it."""
    used = method if card_id is None else f"{method}-{card_id}"
    return f"{public_id}:{used}:{attempt_number}"


def refund_key(public_id: str, *, refund_number: int) -> str:
    """Return the key of a refund's call: no other refund of any payment has it."""
    return f"{public_id}:refund:{refund_number}"
