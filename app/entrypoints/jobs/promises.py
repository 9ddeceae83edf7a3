"""The outbox is worked off: what was promised is done, or tried again later."""

import logging
from collections.abc import Callable, Mapping
from typing import cast

from app.domain.accounts.devices import Visitor
from app.domain.accounts.queries import REBUILD_ROLLUPS
from app.domain.catalog.operations import PRICE_UNPRICED
from app.domain.mails.operations import SEND_MAIL
from app.domain.payments.cards import FORGET_CARD
from app.domain.payments.disputes import DISPUTE_DECIDED
from app.domain.payments.inbox import FOLLOW_UP_EVENT
from app.domain.payments.refunds import REFUND_PAYMENT, REFUND_SETTLED, REFUND_UNDONE
from app.domain.usage.watching import AUTO_TOP_UP, CHECK_ALERTS
from app.entrypoints.gateways import gateways
from app.entrypoints.jobs.mailing import send_mail
from app.entrypoints.jobs.pricing import price_what_waits
from app.entrypoints.jobs.topping_up import top_up
from app.entrypoints.sealing import seal
from app.entrypoints.settings import renewal_grace
from app.foundation import clock, outbox
from app.foundation.database import transaction
from app.foundation.errors import DomainError
from app.foundation.languages import ENGLISH
from app.foundation.sentences import told_again
from app.workflows.change_email import SEND_CONFIRMATION, send_confirmation
from app.workflows.charge_saved_card import CHARGE_SAVED_CARD, charge_saved_card
from app.workflows.check_alerts import check_alerts
from app.workflows.close_checkouts import close_checkouts
from app.workflows.follow_dispute import follow_dispute
from app.workflows.follow_refund import follow_refund
from app.workflows.follow_up_event import follow_up_event
from app.workflows.lapse_purchase import CLOSE_CHECKOUTS
from app.workflows.rebuild_rollups import rebuild_rollups
from app.workflows.refund_payment import refund_payment
from app.workflows.register_by_mail import REGISTER, register_by_mail
from app.workflows.reset_password import SEND_RESET, send_reset
from app.workflows.save_card import forget_card
from app.workflows.undo_refund import undo_refund

log = logging.getLogger(__name__)

Payload = Mapping[str, object]
# One call of a provider may take a minute. Taken one by one, no lease ends under somebody's work.
CLAIMED_AT_ONCE = 1


def work_off_outbox() -> int:
    """Do what is due, one by one, and return how much was done or tried."""
    tried = 0
    while _work_off_one():
        tried += 1
    return tried


def _work_off_one() -> bool:
    with transaction():
        claimed = [
            (entry.id, entry.kind, entry.payload)
            for entry in outbox.claim(now=clock.now(), limit=CLAIMED_AT_ONCE)
        ]
    for entry_id, kind, payload in claimed:
        _keep_promise(entry_id, kind, payload)
    return bool(claimed)


def _keep_promise(entry_id: int, kind: str, payload: Payload) -> None:
    try:
        KEPT_BY.get(kind, _nobody_knows_how)(payload)
    except Exception as error:  # whatever it is, the promise stands and says what is in its way
        is_bug = not isinstance(error, DomainError)
        log.warning("%s %s is tried again later: %s", kind, entry_id, error, exc_info=is_bug)
        with transaction():
            entry = outbox.locked(entry_id)
            # If our lease ended meanwhile, somebody else may have done it.
            if entry.done_at is None:
                outbox.postpone(entry, reason=str(error) or repr(error), now=clock.now())
    else:
        with transaction():
            outbox.finish(outbox.locked(entry_id), now=clock.now())


def _follow_up_event(payload: Payload) -> None:
    follow_up_event(cast(int, payload["event"]), gateways=gateways(), now=clock.now())


def _rebuild_rollups(payload: Payload) -> None:
    with transaction():
        rebuild_rollups(cast(str, payload["user_id"]), now=clock.now())


def _charge_saved_card(payload: Payload) -> None:
    charge_saved_card(cast(str, payload["payment"]), gateways=gateways(), now=clock.now())


def _forget_card(payload: Payload) -> None:
    forget_card(cast(int, payload["card"]), gateways=gateways())


def _refund_payment(payload: Payload) -> None:
    refund_payment(cast(int, payload["refund"]), gateways=gateways(), now=clock.now())


def _follow_refund(payload: Payload) -> None:
    with transaction():
        follow_refund(cast(int, payload["refund"]), now=clock.now())


def _undo_refund(payload: Payload) -> None:
    with transaction():
        undo_refund(cast(int, payload["refund"]), now=clock.now())


def _follow_dispute(payload: Payload) -> None:
    with transaction():
        follow_dispute(cast(int, payload["dispute"]), now=clock.now())


def _close_checkouts(payload: Payload) -> None:
    close_checkouts(cast(str, payload["invoice"]), gateways=gateways(), now=clock.now())


def _check_alerts(payload: Payload) -> None:
    with transaction():
        user_ids = {cast(str, payload["user_id"])}
        check_alerts(user_ids, now=clock.now(), grace=renewal_grace())


def _auto_top_up(payload: Payload) -> None:
    top_up(cast(str, payload["user_id"]))


def _price_unpriced(payload: Payload) -> None:
    price_what_waits()


def _register(payload: Payload) -> None:
    visitor = Visitor(device=cast(str, payload["device"]), address=cast(str, payload["address"]))
    email, timezone = cast(str, payload["email"]), cast(str, payload["timezone"])
    # Whoever asked an earlier version was not heard to speak any language.
    locale = cast(str, payload.get("locale", ENGLISH))
    with transaction():
        register_by_mail(
            email,
            timezone=timezone,
            locale=locale,
            visitor=visitor,
            seal=seal(),
            now=clock.now(),
        )


def _send_reset(payload: Payload) -> None:
    visitor = Visitor(cast(str, payload["device"]), cast(str, payload["address"]))
    with transaction():
        send_reset(cast(str, payload["email"]), visitor=visitor, seal=seal(), now=clock.now())


def _send_confirmation(payload: Payload) -> None:
    with transaction():
        send_confirmation(
            cast(str, payload["sealed_link"]),
            device=cast(str, told_again(payload.get("device", ""))),
            seal=seal(),
            now=clock.now(),
        )


def _nobody_knows_how(payload: Payload) -> None:
    raise NotImplementedError("This version keeps no promises of this kind.")


# What each kind of promise is kept by. Each can be done twice, and beside itself.
KEPT_BY: Mapping[str, Callable[[Payload], None]] = {
    CHARGE_SAVED_CARD: _charge_saved_card,
    FOLLOW_UP_EVENT: _follow_up_event,
    FORGET_CARD: _forget_card,
    REFUND_PAYMENT: _refund_payment,
    REFUND_SETTLED: _follow_refund,
    REFUND_UNDONE: _undo_refund,
    DISPUTE_DECIDED: _follow_dispute,
    CLOSE_CHECKOUTS: _close_checkouts,
    SEND_MAIL: send_mail,
    REGISTER: _register,
    SEND_RESET: _send_reset,
    SEND_CONFIRMATION: _send_confirmation,
    REBUILD_ROLLUPS: _rebuild_rollups,
    PRICE_UNPRICED: _price_unpriced,
    CHECK_ALERTS: _check_alerts,
    AUTO_TOP_UP: _auto_top_up,
}
