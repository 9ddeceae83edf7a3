"""What the journal of an account's doors says to its owner."""

from app.domain.accounts.security_journal import Event

WORDS = {
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
}
# What its owner should look at, if it was not him.
WARNING = {
    Event.SIGN_IN_FAILED,
    Event.CODE_FAILED,
    Event.RECOVERY_CODE_USED,
    Event.PASSWORD_RESET,
    Event.EMAIL_CHANGED,
    Event.FACTOR_OFF,
}
