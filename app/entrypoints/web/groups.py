"""What long lists of mails and of the journal can be narrowed to: a few groups, in words."""

from collections.abc import Mapping

from app.domain.accounts.security_journal import Act, Event
from app.foundation.sentences import Sentence, say

SECURITY, ACCOUNT, MONEY, PLAN = "security", "account", "money", "plan"
WORDS: Mapping[str, Sentence] = {
    SECURITY: say("Sign-in and keys"),
    ACCOUNT: say("Account and settings"),
    MONEY: say("Invoices and payments"),
    PLAN: say("Plan and tokens"),
}
MAILS: Mapping[str, frozenset[str]] = {
    SECURITY: frozenset(
        (
            *("new_device", "password_changed", "reset_password"),
            *("second_factor_on", "second_factor_off"),
            *("key_made", "key_replaced", "key_ending"),
        )
    ),
    ACCOUNT: frozenset(
        (
            *("finish_registration", "registration_tried", "verify_email", "confirm_email"),
            *("release_email", "email_changing", "email_changed", "email_left"),
            *("billing_email_changed", "account_suspended", "deletion_asked", "account_deleted"),
            "deletion_taken_back",
        )
    ),
    MONEY: frozenset(
        (
            *("invoice_issued", "invoice_paid", "invoice_reminder", "invoice_credited"),
            *("overpayment", "refund_made", "refund_bounced", "card_saved", "card_removed"),
            *("topup_declined", "topup_needs_authentication", "renewal_failed"),
            "change_declined",
        )
    ),
    PLAN: frozenset(
        (
            *("plan_changed", "plan_expired", "renewal_due", "price_rise"),
            *("change_scheduled", "change_taken_back", "plan_cancelled", "plan_kept"),
            *("coupon_redeemed", "tokens_bought", "alerts_crossed"),
        )
    ),
}
JOURNAL: Mapping[str, frozenset[Event | Act]] = {
    SECURITY: frozenset(Event),
    ACCOUNT: frozenset(
        (
            *(Act.ACCOUNT_OPENED, Act.SETTINGS_CHANGED, Act.TAX_ID_APPROVED, Act.ACCOUNT_SEEN),
            *(Act.ACCOUNT_SUSPENDED, Act.ACCOUNT_RESUMED, Act.SUSPENSION_LIFTED),
            *(Act.DATA_TAKEN, Act.DELETION_ASKED, Act.DELETION_TAKEN_BACK),
        )
    ),
    MONEY: frozenset(
        (
            *(Act.INVOICE_VOIDED, Act.INVOICE_REPLACED, Act.INVOICE_CREDITED, Act.INVOICE_CHARGED),
            *(Act.CHECKOUT_BEGUN, Act.PAYMENT_SETTLED, Act.PAYMENT_FAILED, Act.PAYMENT_TAKEN_BACK),
            *(Act.OVERPAYMENT_RECEIVED, Act.REFUND_REQUESTED, Act.REFUND_SETTLED),
            *(Act.REFUND_FAILED, Act.REFUND_UNDONE, Act.DISPUTE_OPENED, Act.DISPUTE_WON),
            *(Act.DISPUTE_LOST, Act.CREDIT_TAKEN_BACK, Act.CREDIT_LIMIT_SET),
            *(Act.CARD_CONSENT_GIVEN, Act.CARD_SAVED, Act.CARD_REMOVED, Act.CARD_MADE_DEFAULT),
        )
    ),
    PLAN: frozenset(
        (
            *(Act.PLAN_CHANGE_SCHEDULED, Act.PLAN_CHANGED, Act.PLAN_EXPIRED),
            *(Act.SUBSCRIPTION_CANCELLED, Act.SUBSCRIPTION_RESUMED, Act.COUPON_REDEEMED),
            *(Act.TOKENS_ADJUSTED, Act.TOKENS_BOUGHT, Act.USAGE_VOIDED),
            *(Act.AUTO_TOPUP_BEGUN, Act.AUTO_TOPUP_SWITCHED_OFF, Act.TOPUP_CHARGED),
            Act.PLAN_CHANGE_CHARGED,
        )
    ),
}
