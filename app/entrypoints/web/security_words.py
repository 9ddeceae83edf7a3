"""What the journal of an account says to its owner."""

from collections.abc import Mapping

from app.domain.accounts.security_journal import Act, By, Event, SecurityEvent

WORDS: Mapping[str, str] = {
    Event.SIGNED_IN: "Signed in",
    Event.SIGN_IN_FAILED: "Sign-in failed",
    Event.CODE_FAILED: "Second factor refused",
    Event.RECOVERY_CODE_USED: "Recovery code used",
    Event.SIGNED_OUT: "Signed out",
    Event.SESSION_ENDED: "Session ended by hand",
    Event.SESSIONS_ENDED: "Signed out elsewhere",
    Event.PASSWORD_CHANGED: "Password changed",
    Event.PASSWORD_RESET: "Password reset by mail",
    Event.RESET_ASKED: "Password reset asked for",
    Event.EMAIL_VERIFIED: "Mail address verified",
    Event.EMAIL_CHANGE_ASKED: "Change of mail address asked for",
    Event.EMAIL_CHANGED: "Mail address changed",
    Event.EMAIL_CHANGE_UNDONE: "Change of mail address undone",
    Event.FACTOR_ON: "Second factor switched on",
    Event.FACTOR_OFF: "Second factor switched off",
    Event.RECOVERY_CODES_MADE: "New recovery codes made",
    Event.KEY_MADE: "API key made",
    Event.KEY_REPLACED: "API key replaced",
    Event.KEY_REVOKED: "API key revoked",
    Act.ACCOUNT_OPENED: "Account opened",
    Act.SETTINGS_CHANGED: "Settings changed",
    Act.TAX_ID_APPROVED: "Tax id approved",
    Act.ACCOUNT_SUSPENDED: "Account suspended",
    Act.ACCOUNT_RESUMED: "Account no longer suspended",
    Act.SUSPENSION_LIFTED: "Suspension ended by payment",
    Act.ACCOUNT_SEEN: "Pages looked at by us",
    Act.CREDIT_LIMIT_SET: "Credit limit set",
    Act.TOKENS_ADJUSTED: "Extra tokens adjusted",
    Act.USAGE_VOIDED: "Usage voided",
    Act.INVOICE_VOIDED: "Invoice voided",
    Act.INVOICE_REPLACED: "Invoice replaced",
    Act.INVOICE_CREDITED: "Credit note issued",
    Act.REFUND_REQUESTED: "Refund begun",
    Act.CARD_CONSENT_GIVEN: "Saving of a card agreed to",
    Act.CARD_SAVED: "Card saved",
    Act.CARD_REMOVED: "Card removed",
    Act.CARD_MADE_DEFAULT: "Card made the default",
    Act.AUTO_TOPUP_SWITCHED_OFF: "Automatic top-up switched off",
    Act.PLAN_CHANGE_SCHEDULED: "Change of plan scheduled",
    Act.PLAN_CHANGED: "Plan changed",
    Act.PLAN_EXPIRED: "Plan ended unpaid",
    Act.SUBSCRIPTION_CANCELLED: "Plan cancelled",
    Act.SUBSCRIPTION_RESUMED: "Plan kept after all",
    Act.DATA_TAKEN: "Data downloaded",
    Act.DELETION_ASKED: "Deletion of the account asked for",
    Act.DELETION_TAKEN_BACK: "Deletion of the account taken back",
}
BY_WORDS: Mapping[str, str] = {
    By.OWNER: "You",
    By.VISITOR: "Somebody",
    By.OPERATOR: "By us",
    By.GATEWAY: "The gateway",
}
# The details that say which one: a key, an address, a plan. Reasons were written for the owner
# where they stand here; why we suspended somebody is told to him by mail.
NAMED = ("key", "email", "was", "code", "invoice", "new", "to", "plan", "request_id")
REASONED = {
    *(Event.FACTOR_OFF, Act.TOKENS_ADJUSTED, Act.USAGE_VOIDED, Act.INVOICE_VOIDED),
    *(Act.INVOICE_CREDITED, Act.DELETION_ASKED),
}
# What its owner should look at, if it was not him.
WARNING: set[str] = {
    Event.SIGN_IN_FAILED,
    Event.CODE_FAILED,
    Event.RECOVERY_CODE_USED,
    Event.PASSWORD_RESET,
    Event.EMAIL_CHANGED,
    Event.FACTOR_OFF,
    Act.DATA_TAKEN,
    Act.DELETION_ASKED,
}


def more_of(event: SecurityEvent) -> str:
    """Return which one it was about, or why it was done; nothing where there is no more to say."""
    if event.details.get("new_device"):
        return "new browser"
    if event.action == Act.SETTINGS_CHANGED:
        return ", ".join(sorted(name.replace("_", " ") for name in event.details))
    if event.action in REASONED and event.details.get("reason"):
        return str(event.details["reason"])
    named = (event.details.get(name) for name in NAMED)
    return next((value for value in named if isinstance(value, str) and value), "")


def in_words() -> dict[str, object]:
    """Return what templates put the journal into words with."""
    return {"words": WORDS, "by_words": BY_WORDS, "warning": WARNING, "more_of": more_of}
