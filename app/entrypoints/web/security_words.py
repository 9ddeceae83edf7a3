"""What the journal of an account says to its owner."""

from collections.abc import Callable, Mapping
from functools import partial, reduce

from app.domain.accounts.devices import device_in_words
from app.domain.accounts.security_journal import Act, By, Event, SecurityEvent
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import Sentence, say

WORDS: Mapping[str, Sentence] = {
    Event.SIGNED_IN: say("Signed in"),
    Event.SIGN_IN_FAILED: say("Sign-in failed"),
    Event.CODE_FAILED: say("Second factor refused"),
    Event.RECOVERY_CODE_USED: say("Recovery code used"),
    Event.SIGNED_OUT: say("Signed out"),
    Event.SESSION_ENDED: say("Session ended by hand"),
    Event.SESSIONS_ENDED: say("Signed out elsewhere"),
    Event.PASSWORD_CHANGED: say("Password changed"),
    Event.PASSWORD_RESET: say("Password reset by mail"),
    Event.RESET_ASKED: say("Password reset asked for"),
    Event.EMAIL_VERIFIED: say("Mail address verified"),
    Event.EMAIL_CHANGE_ASKED: say("Change of mail address asked for"),
    Event.EMAIL_CHANGE_CONFIRMED: say("Change of mail address confirmed"),
    Event.EMAIL_CHANGE_TAKEN_BACK: say("Change of mail address taken back"),
    Event.EMAIL_CHANGED: say("Mail address changed"),
    Event.EMAIL_CHANGE_UNDONE: say("Change of mail address undone"),
    Event.FACTOR_ON: say("Second factor switched on"),
    Event.FACTOR_OFF: say("Second factor switched off"),
    Event.RECOVERY_CODES_MADE: say("New recovery codes made"),
    Event.KEY_MADE: say("API key made"),
    Event.KEY_REPLACED: say("API key replaced"),
    Event.KEY_REVOKED: say("API key revoked"),
    Act.ACCOUNT_OPENED: say("Account opened"),
    Act.SETTINGS_CHANGED: say("Settings changed"),
    Act.TAX_ID_APPROVED: say("Tax id approved"),
    Act.ACCOUNT_SUSPENDED: say("Account suspended"),
    Act.ACCOUNT_RESUMED: say("Account no longer suspended"),
    Act.SUSPENSION_LIFTED: say("Suspension ended by payment"),
    Act.ACCOUNT_SEEN: say("Pages looked at by us"),
    Act.CREDIT_LIMIT_SET: say("Credit limit set"),
    Act.TOKENS_ADJUSTED: say("Extra tokens adjusted"),
    Act.USAGE_VOIDED: say("Usage voided"),
    Act.INVOICE_VOIDED: say("Invoice voided"),
    Act.INVOICE_REPLACED: say("Invoice replaced"),
    Act.INVOICE_CREDITED: say("Credit note issued"),
    Act.COUPON_REDEEMED: say("Coupon redeemed"),
    Act.CHECKOUT_BEGUN: say("Payment begun"),
    Act.INVOICE_CHARGED: say("Invoice charged to the saved card"),
    Act.AUTO_TOPUP_BEGUN: say("Automatic top-up begun"),
    Act.TOPUP_CHARGED: say("Extra tokens charged to the saved card"),
    Act.PLAN_CHANGE_CHARGED: say("Plan charged to the saved card"),
    Act.PAYMENT_SETTLED: say("Payment settled"),
    Act.PAYMENT_FAILED: say("Payment failed"),
    Act.OVERPAYMENT_RECEIVED: say("Overpayment received"),
    Act.TOKENS_BOUGHT: say("Extra tokens bought"),
    Act.REFUND_REQUESTED: say("Refund begun"),
    Act.REFUND_SETTLED: say("Refund arrived"),
    Act.REFUND_FAILED: say("Refund refused"),
    Act.REFUND_UNDONE: say("Refund came back"),
    Act.PAYMENT_TAKEN_BACK: say("Payment taken back"),
    Act.DISPUTE_OPENED: say("Dispute opened"),
    Act.DISPUTE_WON: say("Dispute won"),
    Act.DISPUTE_LOST: say("Dispute lost"),
    Act.CREDIT_TAKEN_BACK: say("Account credit given back after a dispute"),
    Act.CARD_CONSENT_GIVEN: say("Saving of a card agreed to"),
    Act.CARD_SAVED: say("Card saved"),
    Act.CARD_REMOVED: say("Card removed"),
    Act.CARD_MADE_DEFAULT: say("Card made the default"),
    Act.AUTO_TOPUP_SWITCHED_OFF: say("Automatic top-up switched off"),
    Act.PLAN_CHANGE_SCHEDULED: say("Change of plan scheduled"),
    Act.PLAN_CHANGED: say("Plan changed"),
    Act.PLAN_EXPIRED: say("Plan ended unpaid"),
    Act.SUBSCRIPTION_CANCELLED: say("Plan cancelled"),
    Act.SUBSCRIPTION_RESUMED: say("Plan kept after all"),
    Act.DATA_TAKEN: say("Data downloaded"),
    Act.DELETION_ASKED: say("Deletion of the account asked for"),
    Act.DELETION_TAKEN_BACK: say("Deletion of the account taken back"),
}
# By the names under which settings are kept.
SETTING_WORDS: Mapping[str, Sentence] = {
    "name": say("name"),
    "billing_email": say("billing email"),
    "billing_address": say("billing address"),
    "tax_id": say("tax id"),
    "country": say("country"),
    "currency": say("currency"),
    "timezone": say("time zone"),
    "locale": say("language"),
    "auto_topup": say("auto top-up"),
    "auto_topup_threshold": say("auto top-up threshold"),
    "auto_topup_amount_minor": say("auto top-up amount"),
    "auto_topup_max_per_month": say("auto top-ups a month"),
    "auto_topup_monthly_limit_minor": say("auto top-up limit a month"),
    "auto_pay": say("auto-pay"),
    "invoice_frequency": say("invoice frequency"),
    "send_invoice_email": say("invoices by mail"),
    "enable_alerts": say("alerts by mail"),
    "alert_threshold": say("alert by tokens left"),
    "alert_percents": say("alerts by quota used"),
    "alert_spend_minor": say("alert by spend"),
    "alert_forecast": say("alert by forecast"),
    "overage_enabled": say("overage"),
    "spend_limit_minor": say("spend limit"),
}
# What we may look at, by the last part of its address.
PAGES: Mapping[str, Sentence] = {
    "overview": say("Overview"),
    "usage": say("Usage"),
    "plans": say("Plans"),
    "invoices": say("Invoices"),
    "invoice": say("Invoice"),
    "document": say("Invoice as PDF"),
    "tokens": say("Tokens"),
    "coupons": say("Coupons"),
    "alerts": say("Alerts"),
    "payment-methods": say("Payment methods"),
    "keys": say("API keys"),
    "settings": say("Settings"),
}
BY_WORDS: Mapping[str, Sentence] = {
    By.OWNER: say("You"),
    By.VISITOR: say("Somebody"),
    By.OPERATOR: say("By us"),
    By.GATEWAY: say("The gateway"),
    By.PROVIDER: say("The payment provider"),
    By.PROGRAM: say("By itself"),
}
# The details that say which one: a key, an address, a plan. Reasons were written for the owner
# where they stand here; why we suspended somebody is told to him by mail.
NAMED = ("key", "email", "was", "code", "invoice", "new", "to", "plan", "request_id")
NO_NAMES: Mapping[str, str] = {}
# The documents that an amount stands on.
DOCUMENTS = ("invoice", "credit_note")
REASONED = {
    *(
        Event.FACTOR_OFF,
        Event.EMAIL_CHANGE_CONFIRMED,
        Act.TOKENS_ADJUSTED,
        Act.USAGE_VOIDED,
        Act.INVOICE_VOIDED,
    ),
    *(Act.INVOICE_CREDITED, Act.DELETION_ASKED),
}
# What its owner should look at, if it was not him.
WARNING: set[str] = {
    Event.SIGN_IN_FAILED,
    Event.CODE_FAILED,
    Event.RECOVERY_CODE_USED,
    Event.PASSWORD_RESET,
    Event.EMAIL_CHANGE_ASKED,
    Event.EMAIL_CHANGED,
    Event.FACTOR_OFF,
    Act.DATA_TAKEN,
    Act.DELETION_ASKED,
}


def more_of(event: SecurityEvent, *, plan_names: Mapping[str, str] = NO_NAMES) -> str:
    """Return which one it was about, or why it was done; nothing where there is no more to say.

    Plans are kept by their ids, and called by their names.
    """
    if event.details.get("new_device"):
        return say("new browser")
    if event.action in TELLING:
        return TELLING[event.action](event.details)
    minor = event.details.get("amount_minor")
    if isinstance(minor, int):
        return _with_document(usd_of_minor(minor), _first_of(event, DOCUMENTS))
    if event.action in REASONED and event.details.get("reason"):
        return str(event.details["reason"])
    named = _first_of(event, NAMED)
    return plan_names.get(named, named)


def _first_of(event: SecurityEvent, names: tuple[str, ...]) -> str:
    named = (event.details.get(name) for name in names)
    return next((value for value in named if isinstance(value, str) and value), "")


def _with_document(amount: str, document: str) -> str:
    if not document:
        return amount
    return say("{amount}, {document}", {"amount": amount, "document": document})


def _listed(names: list[str]) -> str:
    return reduce(_with_next, names) if names else ""


def _with_next(these: str, another: str) -> str:
    return say("{these}, {another}", {"these": these, "another": another})


TELLING: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    Act.SETTINGS_CHANGED: lambda told: _listed(sorted(SETTING_WORDS.get(one, one) for one in told)),
    Act.ACCOUNT_SEEN: lambda told: PAGES.get(str(told.get("page")), ""),
    Event.SESSION_ENDED: lambda told: device_in_words(str(told.get("was", ""))),
}


def in_words(plan_names: Mapping[str, str] = NO_NAMES) -> dict[str, object]:
    """Return what templates put the journal into words with."""
    return {
        "words": WORDS,
        "by_words": BY_WORDS,
        "warning": WARNING,
        "more_of": partial(more_of, plan_names=plan_names),
    }
